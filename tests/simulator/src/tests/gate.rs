//! Holding back a reply.

use super::Bench;

#[tokio::test]
async fn a_reply_waits_for_the_test() {
    let bench = Bench::with_250_calls();
    let gong = bench.running.gong();
    let mut held = gong.on_request(2);
    assert_eq!(bench.list(None).await.0, 200);

    let request = bench.post_request(super::EXTENSIVE, &super::listing(None));
    let reply = tokio::spawn(super::answer(request));
    assert!(held.arrived().await);
    assert_eq!(gong.log().entries()[1].status, None);
    gong.first_company().hide([0]);
    held.release();
    let (status, page) = reply.await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(page["records"]["totalRecords"], 249);
}

#[test]
fn tests_without_a_runtime_can_wait_too() {
    let bench = Bench::with_250_calls();
    let held = bench.running.gong().on_request(1);
    let request = bench.request(reqwest::Method::GET, "/v2/workspaces");
    let client = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(super::answer(request)).0
    });
    let arrived = held.wait().unwrap();
    assert_eq!(bench.running.gong().log().len(), 1);
    arrived.release();
    assert_eq!(client.join().unwrap(), 200);
}

#[test]
fn nobody_waits_for_a_simulator_that_has_ended() {
    let bench = Bench::with_250_calls();
    let held = bench.running.gong().on_request(1);
    drop(bench);
    assert!(held.wait().is_none());
}
