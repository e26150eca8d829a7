//! One test binary for everything that crosses modules. `cfg(test)` tells the lints that all of it is test code.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod discord;
#[cfg(test)]
mod email;
#[cfg(test)]
mod knowledge;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod report;
#[cfg(test)]
mod sla;
#[cfg(test)]
mod slack;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
