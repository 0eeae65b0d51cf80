//! Compiles the C++ half of the bridge to dlib, where faces are switched on.

fn main() {
    #[cfg(feature = "faces")]
    compile_faces();
}

#[cfg(feature = "faces")]
fn compile_faces() {
    let sources = ["src/faces/bridge.rs", "src/faces/dlib.cc", "src/faces/dlib.h"];
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
    }
    cxx_build::bridge(sources[0])
        .file(sources[1])
        .std("c++14")
        // Detecting and describing are loops over numbers: without this they take twenty times as long.
        .opt_level(3)
        .debug(false)
        .define("NDEBUG", None)
        .warnings(false)
        .compile("ocellus-faces");
    link_dlib();
    println!("cargo:rustc-link-lib=openblas");
}

/// Links the little of dlib that is used into the program: with Debian's shared library come X11, databases and 97 MB of
/// data. Where there is no archive, the shared one is taken.
#[cfg(feature = "faces")]
fn link_dlib() {
    let asked = std::process::Command::new("c++")
        .arg("-print-file-name=libdlib.a")
        .output();
    // What the compiler does not find it prints without a folder.
    let printed = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let archive = std::path::PathBuf::from(printed.unwrap_or_default().trim());
    match archive
        .canonicalize()
        .ok()
        .as_deref()
        .and_then(std::path::Path::parent)
    {
        Some(folder) => {
            println!("cargo:rustc-link-search=native={}", folder.display());
            println!("cargo:rustc-link-lib=static:-bundle=dlib");
        }
        None => println!("cargo:rustc-link-lib=dlib"),
    }
}
