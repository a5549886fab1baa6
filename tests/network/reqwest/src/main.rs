//! The client program of the lab for reqwest. It does what its script says, as client.ts does.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

async fn one(client: reqwest::Client, url: String, post: bool, cap: Duration) -> (u64, Option<String>) {
    let start = Instant::now();
    let request = if post { client.post(&url).body("posted") } else { client.get(&url) };
    let answered = async { request.timeout(cap).send().await?.bytes().await };
    let error = answered.await.err().map(|error| {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            words = deeper.to_string();
            cause = deeper.source();
        }
        words
    });
    (start.elapsed().as_millis() as u64, error)
}

/// Says what it waits for. Reading stdin in a thread of its own leaves the connections their event loop.
async fn wait(what: &str) {
    println!("{}", json!({ "wait": what }));
    let answered = std::thread::spawn(|| std::io::stdin().read_line(&mut String::new()));
    while !answered.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn perform(client: &reqwest::Client, script: &Value) -> Vec<Value> {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let last = Rc::new(Cell::new(0u64));
    let cap = Duration::from_millis(script["capMs"].as_u64().expect("capMs"));
    for (number, step) in script["steps"].as_array().expect("steps").iter().enumerate() {
        if let Some(ms) = step["pauseMs"].as_u64() {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            continue;
        }
        if let Some(what) = step["wait"].as_str() {
            wait(what).await;
            continue;
        }
        let path = step["path"].as_str().unwrap_or("/?");
        let base = format!("{}{path}{}", script["url"].as_str().expect("url"), if path.ends_with('?') { "" } else { "&" });
        let left = Rc::new(Cell::new(step["send"].as_u64().expect("send")));
        let post = step["method"] == "POST";
        let lanes = tokio::task::LocalSet::new();
        for _ in 0..step["together"].as_u64().expect("together") {
            let (client, base, left, last, sent) = (client.clone(), base.clone(), left.clone(), last.clone(), sent.clone());
            lanes.spawn_local(async move {
                while left.get() > 0 {
                    left.set(left.get() - 1);
                    last.set(last.get() + 1);
                    let id = last.get();
                    let (ms, error) = one(client.clone(), format!("{base}id={id}"), post, cap).await;
                    let mut row = json!({ "id": id, "step": number, "ms": ms });
                    if let Some(error) = error {
                        row["error"] = error.into();
                    }
                    sent.borrow_mut().push(row);
                }
            });
        }
        lanes.await;
    }
    sent.take()
}

fn main() {
    // The command is followed by the path of client.ts, which means nothing here, and by the script.
    let script: Value = serde_json::from_str(&std::env::args().nth(2).expect("a script")).expect("JSON");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut builder = reqwest::Client::builder();
        if script["options"]["http2"] == "prior-knowledge" {
            builder = builder.http2_prior_knowledge();
        }
        let sent = perform(&builder.build().expect("a client"), &script).await;
        println!("{}", json!({ "sent": sent }));
    });
}
