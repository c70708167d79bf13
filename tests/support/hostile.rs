//! A web server with scripted misbehavior: slow, wrong, excessive or missing answers.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

/// The reaction of the server to a request.
pub enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes the connection without a reply.
    Drop,
    /// Keeps the connection open without a reply.
    Silence,
    /// Sends the first bytes, and the rest byte by byte.
    Trickle(Vec<u8>, usize),
}

/// A server on loopback; stopped when dropped.
pub struct Hostile {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Starts a server; `reply` is called for each request, with the request and the number of earlier ones.
    pub fn serve(reply: impl Fn(&str, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let ends = Arc::new(AtomicBool::new(false));
        let (seen, over) = (Arc::clone(&requests), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                let Some(request) = read(&mut stream) else { continue };
                let before = {
                    let mut seen = seen.lock().expect("nobody stops while holding this");
                    seen.push(request.clone());
                    seen.len() - 1
                };
                answer(&mut stream, reply(&request, before), &over);
            }
        });
        Self { address, requests, ends, thread: Some(thread) }
    }

    /// Returns its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests read so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("nobody stops while holding this").clone()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Returns a reply with a length, as a correct server would send it.
pub fn answer_with(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    Reply::Bytes(text.into_bytes())
}

fn read(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

fn answer(stream: &mut TcpStream, reply: Reply, over: &AtomicBool) {
    match reply {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Reply::Drop => {}
        Reply::Silence => wait_for_the_end(stream, over),
        Reply::Trickle(bytes, at_once) => {
            let (first, rest) = bytes.split_at(at_once);
            let _ = stream.write_all(first);
            for byte in rest {
                if over.load(Ordering::SeqCst) || stream.write_all(&[*byte]).is_err() {
                    return;
                }
                sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Keeps the connection open until the client gives up or the test ends.
fn wait_for_the_end(stream: &mut TcpStream, over: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    let mut piece = [0; 1];
    while !over.load(Ordering::SeqCst) {
        match stream.read(&mut piece) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}
