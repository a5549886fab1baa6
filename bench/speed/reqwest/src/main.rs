//! One client of the bench: reqwest on one thread, many requests at a fixed concurrency. It is told what to do and
//! answers like client.ts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

const VERSION: &str = "0.12.28";

struct Run {
    requests: u64,
    elapsed: Duration,
    micros: Vec<f64>,
}

async fn run(client: &reqwest::Client, url: &str, connections: u64, expected: u64, length: Duration) -> Run {
    let requests = Rc::new(Cell::new(0u64));
    let micros = Rc::new(RefCell::new(Vec::new()));
    let started = Instant::now();
    let local = tokio::task::LocalSet::new();
    for _ in 0..connections {
        let (client, url, requests, micros) = (client.clone(), url.to_owned(), requests.clone(), micros.clone());
        local.spawn_local(async move {
            while started.elapsed() < length {
                let before = Instant::now();
                let response = client.get(&url).send().await.expect("no answer");
                assert_eq!(response.status().as_u16(), 200);
                let body = response.text().await.expect("no body");
                assert_eq!(body.len() as u64, expected);
                if connections == 1 {
                    micros.borrow_mut().push(before.elapsed().as_secs_f64() * 1e6);
                }
                requests.set(requests.get() + 1);
            }
        });
    }
    local.await;
    let mut sorted = micros.take();
    sorted.sort_by(f64::total_cmp);
    Run { requests: requests.get(), elapsed: started.elapsed(), micros: sorted }
}

fn cpu_micros() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let micros = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    micros(usage.ru_utime) + micros(usage.ru_stime)
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    sorted.get((sorted.len() as f64 * share) as usize).copied().unwrap_or(0.0)
}

fn main() {
    // The command is followed by the path of client.ts, which means nothing here, and by the launch.
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) == Some("--version") {
        return println!("{VERSION}");
    }
    let launch: serde_json::Value = serde_json::from_str(&arguments[2]).expect("no launch");
    let number = |name: &str| launch[name].as_u64().expect("a number");
    let (url, connections, expected) = (launch["url"].as_str().unwrap(), number("connections"), number("expected"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut builder = reqwest::Client::builder();
        if let Some(pem) = launch["ca"].as_str() {
            builder = builder.add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate"));
        }
        let client = builder.build().expect("a client");
        let length = |name: &str| Duration::from_millis(number(name));
        let warm = run(&client, url, connections, expected, length("warmMs")).await;
        let before = cpu_micros();
        let measured = run(&client, url, connections, expected, length("runMs")).await;
        let cpu = cpu_micros() - before;
        println!(
            "{}",
            serde_json::json!({
                "answers": warm.requests + measured.requests,
                "requests": measured.requests,
                "perSecond": measured.requests as f64 / measured.elapsed.as_secs_f64(),
                "cpuMicros": cpu / measured.requests as f64,
                "p50Micros": percentile(&measured.micros, 0.5),
                "p99Micros": percentile(&measured.micros, 0.99),
            })
        );
    });
}
