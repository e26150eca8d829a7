//! How an access token is shown to a mail server: SASL OAUTHBEARER (RFC 7628), or XOAUTH2, which came before it.

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    OAuthBearer,
    XOAuth2,
}

impl Bearer {
    /// The one to use with a server that `offers` mechanisms by name, upper case: the standard where it is offered. A server that
    /// names neither may know the older one all the same.
    pub(super) fn choose(offers: impl Fn(&str) -> bool) -> Self {
        if offers(Self::OAuthBearer.name()) { Self::OAuthBearer } else { Self::XOAuth2 }
    }

    /// Its name in SASL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// What the client says first, not encoded yet.
    pub(super) fn first(self, user: &str, (host, port): (&str, u16), token: &str) -> String {
        match self {
            Self::OAuthBearer => {
                // Names with these two letters are written so (RFC 5801 §4).
                let name = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
            Self::XOAuth2 => format!("user={user}\x01auth=Bearer {token}\x01\x01"),
        }
    }

    /// What the client says to a challenge, which only explains why the token was refused (RFC 7628 §3.2.3).
    pub(super) const fn after_refusal(self) -> &'static str {
        match self {
            Self::OAuthBearer => "\x01",
            Self::XOAuth2 => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_is_preferred_where_it_is_offered() {
        for (offered, wanted) in [
            (&["PLAIN", "XOAUTH2", "OAUTHBEARER"][..], Bearer::OAuthBearer),
            (&["PLAIN", "XOAUTH2"], Bearer::XOAuth2),
            (&["OAUTHBEARER"], Bearer::OAuthBearer),
            (&[], Bearer::XOAuth2),
        ] {
            assert_eq!(Bearer::choose(|name| offered.contains(&name)), wanted, "{offered:?}");
        }
    }

    #[test]
    fn messages_are_those_of_the_standards() {
        // The example of RFC 7628 §4.1, with a token of ours.
        assert_eq!(
            Bearer::OAuthBearer.first("user@example.com", ("server.example.com", 143), "token"),
            "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer token\x01\x01"
        );
        assert!(Bearer::OAuthBearer.first("a,b=c", ("h", 1), "t").starts_with("n,a=a=2Cb=3Dc,\x01"));
        assert_eq!(Bearer::XOAuth2.first("u@x", ("h", 1), "t"), "user=u@x\x01auth=Bearer t\x01\x01");
    }
}
