pub struct Named(Box<super::Store>);
