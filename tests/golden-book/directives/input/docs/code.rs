fn main() {
    // ANCHOR: inner
    let a = 1;
    // ANCHOR: deeper
    let b = 2;
    // ANCHOR_END: deeper
    // ANCHOR_END: inner
}
