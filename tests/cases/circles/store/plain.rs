pub struct Plain(super::Other);
