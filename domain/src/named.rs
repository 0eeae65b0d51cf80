//! Enums whose variants have stable names, for storage, logs and the API.

use std::{fmt::Display, str::FromStr};

/// The text is not the name of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct UnknownName;

/// An enum that [`named_enum!`](crate::named_enum) declares.
pub trait Named: Copy + Display + FromStr<Err = UnknownName> + Send + Sync + 'static {
    /// The name of the type.
    const TYPE_NAME: &'static str;
    /// What the type is: its doc comment.
    const DESCRIPTION: &'static str;
    /// The names of the variants, in the order of their declaration.
    const NAMES: &'static [&'static str];
}

/// Declares an enum whose variants have stable names, and implements `ALL`, `as_str`, `Display`, `FromStr` and
/// [`Named`] for it.
///
/// ```
/// domain::named_enum! {
///     /// The color of a light.
///     pub enum Color {
///         /// Stop.
///         Red = "red",
///         /// Go.
///         Green = "green",
///     }
/// }
///
/// assert_eq!(Color::ALL.map(Color::as_str), ["red", "green"]);
/// assert_eq!("green".parse(), Ok(Color::Green));
/// assert_eq!("Green".parse::<Color>(), Err(domain::named::UnknownName));
/// assert_eq!(Color::Red.to_string(), "red");
/// assert_eq!(<Color as domain::named::Named>::DESCRIPTION, "The color of a light.");
/// ```
#[macro_export]
macro_rules! named_enum {
    (
        $(#[doc = $description:literal])+
        $visibility:vis enum $type:ident {
            $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[doc = $description])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $visibility enum $type {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $type {
            /// Every variant, in the order of its declaration.
            $visibility const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns the stable name.
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::named::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::named::UnknownName),
                }
            }
        }

        impl $crate::named::Named for $type {
            const TYPE_NAME: &'static str = stringify!($type);
            const DESCRIPTION: &'static str = concat!($($description),+).trim_ascii_start();
            const NAMES: &'static [&'static str] = &[$($name),+];
        }
    };
}
