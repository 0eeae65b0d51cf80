//! The peer of recognition: warm libtesseract on decoded pages, one engine for each thread, and nothing else.

use image::GrayImage;
use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};
use tesseract_rs::{TessPageIteratorLevel, TessPageSegMode, TesseractAPI};

/// What the process is told to become this peer.
pub const ROLE: &str = "bare-tesseract";

const TRAINED_DATA: &str = "/usr/share/tesseract-ocr/5/tessdata";

/// How much the service's threads that read give way. The peer does so, too: else whatever the machine does besides would
/// hold up the service alone.
const NICENESS: &str = "10";

/// Reads the pages in a process of its own and says how many it read per second.
pub fn pages_per_second(threads: usize, repetitions: usize, pages: &[String]) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("nice")
        .args(["-n", NICENESS])
        .arg(program)
        .args([ROLE, &threads.to_string(), &repetitions.to_string()])
        .args(pages)
        .env("OMP_THREAD_LIMIT", "1")
        .output()
        .expect("the peer starts");
    let text = String::from_utf8(output.stdout).expect("a number");
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Reads every page so many times, all threads taking from one list, and prints the pages per second. Decoding and the
/// loading of engines are not counted.
pub fn read(threads: &str, repetitions: &str, files: &[&str]) {
    let threads: usize = threads.parse().expect("a number of threads");
    let repetitions: usize = repetitions.parse().expect("a number of repetitions");
    let pages: Vec<GrayImage> = files
        .iter()
        .map(|file| image::open(file).expect("an image").into_luma8())
        .collect();
    let engines: Vec<TesseractAPI> = (0..threads).map(|_| warm_engine(&pages[0])).collect();
    let (next, total) = (AtomicUsize::new(0), pages.len() * repetitions);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for engine in &engines {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= total {
                        break;
                    }
                    read_page(engine, &pages[index % pages.len()]);
                }
            });
        }
    });
    println!("{}", total as f64 / began.elapsed().as_secs_f64());
}

fn warm_engine(page: &GrayImage) -> TesseractAPI {
    let engine = TesseractAPI::new();
    engine.init(TRAINED_DATA, "eng").expect("English is installed");
    engine
        .set_page_seg_mode(TessPageSegMode::PSM_AUTO)
        .expect("a mode");
    read_page(&engine, page);
    engine
}

/// What every user of the library does at least: set the image, recognize, take the text and the words with their boxes.
fn read_page(engine: &TesseractAPI, page: &GrayImage) {
    let (width, height) = (page.width().cast_signed(), page.height().cast_signed());
    engine
        .set_image(page.as_raw(), width, height, 1, width)
        .expect("an image");
    engine.recognize().expect("recognized");
    std::hint::black_box(engine.get_utf8_text().expect("text"));
    let words = engine.get_iterator().expect("an iterator");
    loop {
        let level = TessPageIteratorLevel::RIL_WORD;
        std::hint::black_box((
            words.get_utf8_text(level).ok(),
            words.confidence(level).ok(),
            words.get_bounding_box(level).ok(),
        ));
        if !words.next(level).unwrap_or(false) {
            break;
        }
    }
    drop(words);
    engine.clear().expect("cleared");
}
