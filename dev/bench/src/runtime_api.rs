//! The Lambda Runtime API (Lambda Developer Guide, "Using the Lambda runtime API"), for one
//! function, which is given the same event as often as is ordered.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::http::{self, Request};

/// How long a function may take until it asks for its next event. Long, because it may be watched
/// instruction by instruction.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why the function did not do what was ordered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    /// The server could not be started.
    #[error("the Runtime API could not be started")]
    Start(#[from] io::Error),
    /// The function reports that it cannot start.
    #[error("the function cannot start: {0}")]
    Init(String),
    /// The function answers nothing.
    #[error("the function asked for no event within {} s", PATIENCE.as_secs())]
    Silent,
}

/// What the function has to do next.
#[derive(Default)]
struct Orders {
    left: u64,
    event: Arc<Vec<u8>>,
    answer: Vec<u8>,
    failed: u64,
    connections: u64,
    over: bool,
}

enum Word {
    Idle,
    InitFailed(String),
}

struct Shared {
    orders: Mutex<Orders>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running Runtime API.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    words: Receiver<Word>,
}

/// What became of the calls.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    /// The last answer.
    pub(crate) last: Vec<u8>,
    /// How many calls ended in an error.
    pub(crate) failed: u64,
}

impl RuntimeApi {
    /// Starts one, on a free port of the loopback address.
    pub(crate) fn start() -> Result<Self, RuntimeError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            orders: Mutex::default(),
            changed: Condvar::new(),
        });
        let (sender, words) = channel();
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, words) = (Arc::clone(&accepting), sender.clone());
                if shared.lock().over {
                    return;
                }
                shared.lock().connections += 1;
                std::thread::spawn(move || serve(stream, &shared, &words));
            }
        });
        Ok(Self {
            address,
            shared,
            words,
        })
    }

    /// Where it listens, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many connections the function has opened.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Waits until the function asks for an event and there is none for it.
    pub(crate) fn wait(&self) -> Result<(), RuntimeError> {
        match self.words.recv_timeout(PATIENCE) {
            Ok(Word::Idle) => Ok(()),
            Ok(Word::InitFailed(text)) => Err(RuntimeError::Init(text)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(RuntimeError::Silent)
            }
        }
    }

    /// Has the function handle this event so often, and waits until it asks for more.
    pub(crate) fn order(&self, event: &Arc<Vec<u8>>, times: u64) -> Result<Answers, RuntimeError> {
        {
            let mut orders = self.shared.lock();
            orders.left = times;
            orders.failed = 0;
            orders.event = Arc::clone(event);
        }
        self.shared.changed.notify_all();
        self.wait()?;
        let orders = self.shared.lock();
        Ok(Answers {
            last: orders.answer.clone(),
            failed: orders.failed,
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, shared: &Shared, words: &Sender<Word>) {
    let _ = stream.set_nodelay(true);
    let mut wire = BufReader::new(stream);
    while let Ok(Some(request)) = http::read(&mut Both(&mut wire)) {
        if answer(wire.get_mut(), &request, shared, words).is_err() || request.closes() {
            return;
        }
    }
}

fn answer(
    to: &mut TcpStream,
    request: &Request,
    shared: &Shared,
    words: &Sender<Word>,
) -> io::Result<()> {
    if request.path.ends_with("/invocation/next") {
        let Some(event) = next(shared, words) else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        let fields = [
            ("Content-Type", "application/json"),
            (
                "Lambda-Runtime-Aws-Request-Id",
                "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            ),
            // In the year 2100: no call is late.
            ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
            (
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:eu-west-1:123456789012:function:bench",
            ),
            (
                "Lambda-Runtime-Trace-Id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            ),
        ];
        return http::write(to, 200, &fields, &event);
    }
    if request.path.ends_with("/init/error") {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let _ = words.send(Word::InitFailed(text));
    } else {
        let mut orders = shared.lock();
        orders.failed += u64::from(request.path.ends_with("/error"));
        orders.answer.clone_from(&request.body);
    }
    http::write(to, 202, &[("Content-Type", "application/json")], b"{}")
}

/// The next event; none when it is over.
fn next(shared: &Shared, words: &Sender<Word>) -> Option<Arc<Vec<u8>>> {
    let mut orders = shared.lock();
    if orders.left == 0 {
        let _ = words.send(Word::Idle);
    }
    while orders.left == 0 {
        if orders.over {
            return None;
        }
        orders = shared
            .changed
            .wait(orders)
            .unwrap_or_else(PoisonError::into_inner);
    }
    orders.left -= 1;
    Some(Arc::clone(&orders.event))
}

/// Both sides of a buffered stream.
pub(crate) struct Both<'a, T>(pub(crate) &'a mut BufReader<T>);

impl<T: io::Read> io::Read for Both<'_, T> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read(to)
    }
}

impl<T: io::Read> io::BufRead for Both<'_, T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl<T: io::Read + io::Write> io::Write for Both<'_, T> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(from)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// A function that answers every event with its length.
    fn function(address: SocketAddr) {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut ask = |text: String| {
            stream.write_all(text.as_bytes()).unwrap();
            let mut answer = [0; 4096];
            let count = stream.read(&mut answer).unwrap_or_default();
            String::from_utf8_lossy(&answer[..count]).into_owned()
        };
        loop {
            let event = ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".to_owned());
            let Some((_, body)) = event.split_once("\r\n\r\n") else {
                return;
            };
            let answer = body.len().to_string();
            ask(format!(
                "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nContent-Length: {}\r\n\r\n{answer}",
                answer.len()
            ));
        }
    }

    #[test]
    fn events_are_handed_out_as_often_as_ordered() {
        let api = RuntimeApi::start().unwrap();
        let address = api.address;
        let running = std::thread::spawn(move || function(address));
        api.wait().unwrap();
        let answers = api.order(&Arc::new(b"12345".to_vec()), 10).unwrap();
        assert_eq!((answers.last.as_slice(), answers.failed), (&b"5"[..], 0));
        assert_eq!(api.order(&Arc::new(b"1".to_vec()), 1).unwrap().last, b"1");
        assert_eq!(api.connections(), 1);
        drop(api);
        running.join().unwrap();
    }
}
