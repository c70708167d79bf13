pub struct Other;
impl Other { fn new() { super::direct::direct(Self) } }
