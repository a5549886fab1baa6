//! reqwest, one client for each case.

use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use reqwest::{Client, Method, Proxy};

const PATIENCE: Duration = Duration::from_secs(6);

fn main() {
    println!("reqwest 0.13.4");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut clients: HashMap<String, Client> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<String> = line.split('\t').map(String::from).collect();
        match words[0].as_str() {
            "open" => {
                clients.insert(words[1].clone(), client(&words[1], &words[2]));
            }
            "send" => {
                runtime.spawn(answer(clients[&words[1]].clone(), words));
            }
            _ => {
                clients.remove(&words[1]);
            }
        }
    }
    std::process::exit(0);
}

fn client(port: &str, tune: &str) -> Client {
    let mut builder = Client::builder().no_proxy().timeout(PATIENCE);
    if std::env::args().nth(1).as_deref() == Some("proxied") {
        let proxy = Proxy::http(format!("http://127.0.0.1:{port}")).expect("a proxy");
        builder = builder.proxy(proxy);
    }
    for (name, value) in tune.split(' ').filter_map(|word| word.split_once('=')) {
        let value: u64 = value.parse().expect("a number");
        builder = match name {
            "idleTimeoutMs" => builder.pool_idle_timeout(Duration::from_millis(value)),
            "maxIdlePerOrigin" => builder.pool_max_idle_per_host(value as usize),
            _ => builder,
        };
    }
    builder.build().expect("a client")
}

async fn answer(client: Client, words: Vec<String>) {
    let outcome = match send(&client, &words[3], &words[4]).await {
        Ok(status) => status.to_string(),
        Err(error) => format!("!{error:?}").replace(['\n', '\t'], " "),
    };
    println!("done\t{}\t{}\t{}", words[1], words[2], outcome);
}

async fn send(client: &Client, method: &str, url: &str) -> reqwest::Result<u16> {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let body = matches!(method, Method::POST | Method::PUT);
    let mut request = client.request(method, url);
    if body {
        request = request.body("x");
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    response.bytes().await?;
    Ok(status)
}
