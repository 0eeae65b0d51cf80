//! Logins with faces: the CPU that one takes, beside Python's `face_recognition` on the same photo where that is installed.

use super::{ROUNDS, median, print_bound, print_row};
use image::{ImageFormat, imageops::FilterType};
use std::{io::Cursor, process::Command};
use tests::{FacePhotos, Options, Server, User, repository_root};

/// The most CPU of a login with a photo of 1080 lines, in milliseconds.
const MOST_MILLISECONDS: f64 = 250.0;
/// Logins in a round.
const LOGINS: u32 = 4;

/// Prints the rows.
pub async fn measure() {
    let Some(photos) = FacePhotos::fetched() else {
        return;
    };
    let server = Server::start(photos.with_models(Options::default()));
    let user = server.user().await;
    user.client.enrol(photos.of_one()).await.expect(200);
    for (name, width, height) in [("640 x 480", 640, 480), ("1920 x 1080", 1920, 1080)] {
        let photo = framed(&photos, width, height);
        let (mut service, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            service.push(cpu_of_a_login(&server, &user, &photo).await);
            peer.extend(cpu_of_python(&photo));
        }
        let row = format!("login with a face, {name} (CPU ms)");
        print_bound(&row, median(service.clone()), MOST_MILLISECONDS);
        if peer.is_empty() {
            println!(
                "{:<52} {:>12}",
                "  beside Python's face_recognition", "not installed"
            );
        } else {
            let row = "  beside Python's face_recognition (1/CPU s)";
            print_row(row, 1e3 / median(service), 1e3 / median(peer), 1.0);
        }
    }
}

/// A photo of these sides with the person in its middle.
fn framed(photos: &FacePhotos, width: u32, height: u32) -> Vec<u8> {
    let person = image::load_from_memory(&photos.photo("obama.jpg")).expect("a photo");
    let person = person.resize(width, height, FilterType::Triangle).into_rgb8();
    let mut frame = image::RgbImage::from_pixel(width, height, image::Rgb([90, 110, 130]));
    let left = (width - person.width()) / 2;
    image::imageops::replace(&mut frame, &person, left.into(), 0);
    let mut file = Cursor::new(Vec::new());
    frame.write_to(&mut file, ImageFormat::Jpeg).expect("written");
    file.into_inner()
}

/// Milliseconds of CPU that the whole process took for a login.
async fn cpu_of_a_login(server: &Server, user: &User, photo: &[u8]) -> f64 {
    let before = cpu(server);
    for _ in 0..LOGINS {
        let shown = user.client.show_face(Some(&user.name), photo.to_vec());
        shown.await.expect(200);
    }
    (cpu(server) - before) / f64::from(LOGINS)
}

/// Milliseconds of CPU that the process took so far, in steps of ten.
fn cpu(server: &Server) -> f64 {
    let path = format!("/proc/{}/stat", server.process());
    let stat = std::fs::read_to_string(path).expect("a running process");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.map(|ticks| ticks.parse::<f64>().expect("a count")).sum();
    ticks * 10.0
}

/// Milliseconds of CPU for finding and describing the face in Python; `None` where it cannot.
fn cpu_of_python(photo: &[u8]) -> Option<f64> {
    let python = std::env::var_os("OCELLUS_TEST_FACE_PYTHON")?;
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), photo).expect("written");
    let script = repository_root().join("tests/measure_python_faces.py");
    let done = Command::new(python).arg(script).arg(file.path()).output().ok()?;
    let milliseconds = String::from_utf8_lossy(&done.stdout).trim().parse().ok();
    if milliseconds.is_none() {
        eprintln!("{}", String::from_utf8_lossy(&done.stderr));
    }
    milliseconds
}
