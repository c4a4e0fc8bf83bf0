//! Credentials of every kind, opened and refused.

use std::io::Write as _;

use age::armor::{ArmoredWriter, Format};

use super::*;

const GONG: Auth = Auth::Basic {
    user: "access_key",
    password: "access_key_secret",
};

fn request(credentials: Option<Credentials>) -> ImportRequest {
    ImportRequest {
        id: "northwind".into(),
        path: "requests/northwind.yaml".into(),
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
        account: "northwind-robotics".into(),
        method: crate::model::Method::Api,
        estimated_calls: 1,
        urgency: crate::spec::Urgency::Deal,
        requested_completion: jiff::civil::date(2026, 12, 4),
        credentials,
        files: vec![],
        remote_files: vec![],
        from: None,
        to: None,
        include: vec![],
        options: serde_json::Map::new(),
        internal_domains: vec![],
        requested_by: None,
        suspended: false,
        notes: None,
    }
}

fn seal(plaintext: &str, recipient: &x25519::Recipient) -> Credentials {
    let recipients = std::iter::once(recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
    let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
    let mut writer = encryptor.wrap_output(armored).unwrap();
    writer.write_all(plaintext.as_bytes()).unwrap();
    let armored = writer.finish().and_then(ArmoredWriter::finish).unwrap();
    Credentials::Sealed(String::from_utf8(armored).unwrap())
}

fn secrets(values: &[(&str, &str)]) -> Secrets {
    let values: BTreeMap<String, String> = values
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    Secrets::new(move |name| values.get(name).cloned().map(SecretString::from)).unwrap()
}

fn field(credential: &Credential, name: &str) -> String {
    credential.field(name).unwrap().expose_secret().to_owned()
}

#[test]
fn a_sealed_credential_opens_only_for_its_customer_and_platform() {
    let identity = x25519::Identity::generate();
    let other = x25519::Identity::generate();
    let keys = identity.to_string();
    let secrets = secrets(&[(IDENTITY, keys.expose_secret())]);
    let block =
        |purpose: &str| format!(r#"{{"access_key": "k", "access_key_secret": "s"{purpose}}}"#);
    let own = block(r#", "for": {"customer": "northwind ROBOTICS", "platform": "Gong"}"#);
    let opened = secrets
        .open(&request(Some(seal(&own, &identity.to_public()))), GONG)
        .unwrap();
    assert_eq!(
        (
            field(&opened, "access_key"),
            field(&opened, "access_key_secret")
        ),
        ("k".into(), "s".into())
    );
    let copied = block(r#", "for": {"customer": "Fabrikam", "platform": "gong"}"#);
    for (sealed, expected) in [
        (
            seal(&copied, &identity.to_public()),
            CredentialError::ForeignBlock,
        ),
        (
            seal(&block(""), &identity.to_public()),
            CredentialError::Unbound,
        ),
        (
            seal(&own, &other.to_public()),
            CredentialError::OtherRecipient,
        ),
        (
            Credentials::Sealed("-----BEGIN AGE ENCRYPTED FILE-----".into()),
            CredentialError::Damaged,
        ),
    ] {
        assert_eq!(
            secrets.open(&request(Some(sealed)), GONG).unwrap_err(),
            expected
        );
    }
    let without = super::tests::secrets(&[]);
    let sealed = request(Some(seal(&own, &identity.to_public())));
    assert_eq!(
        without.open(&sealed, GONG).unwrap_err(),
        CredentialError::NoIdentity
    );
}

#[test]
fn a_named_secret_belongs_to_its_account_and_platform() {
    let object = r#"{"access_key": " k ", "access_key_secret": "s\n"}"#;
    let secrets = secrets(&[
        ("IMPORT_NORTHWIND_ROBOTICS_GONG_EU", object),
        ("IMPORT_NORTHWIND_ROBOTICS_GONG", "not json"),
        ("IMPORT_FABRIKAM_GONG", object),
        ("PATH", "/bin"),
    ]);
    let named = |name: &str| request(Some(Credentials::Secret(name.into())));
    let opened = secrets
        .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG_EU"), GONG)
        .unwrap();
    assert_eq!(
        (
            field(&opened, "access_key"),
            field(&opened, "access_key_secret")
        ),
        ("k".into(), "s".into())
    );
    for name in [
        "IMPORT_FABRIKAM_GONG",
        "PATH",
        "IMPORT_NORTHWIND_ROBOTICS_GONGX",
    ] {
        let error = secrets.open(&named(name), GONG).unwrap_err();
        assert_eq!(error, CredentialError::ForeignName(name.into()));
    }
    let wrong = secrets
        .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG"), GONG)
        .unwrap_err();
    assert!(!wrong.to_string().contains("not json"), "{wrong}");
    let unset = secrets
        .open(&named("IMPORT_NORTHWIND_ROBOTICS_GONG_US"), GONG)
        .unwrap_err();
    assert!(matches!(unset, CredentialError::NotSet(_)), "{unset}");
}

#[test]
fn a_bare_token_will_do_where_one_is_enough() {
    let token = Auth::Bearer { token: "token" };
    let secret = Credentials::Secret("IMPORT_NORTHWIND_ROBOTICS_GONG".into());
    for value in ["t0ken\n", r#"{"token": "t0ken"}"#] {
        let secrets = secrets(&[("IMPORT_NORTHWIND_ROBOTICS_GONG", value)]);
        let opened = secrets.open(&request(Some(secret.clone())), token).unwrap();
        assert_eq!(field(&opened, "token"), "t0ken");
    }
}

#[test]
fn credentials_cannot_be_printed() {
    let fields = BTreeMap::from([("token".to_owned(), SecretString::from("canary"))]);
    assert!(!format!("{:?}", Credential::new(fields)).contains("canary"));
}

/// A request with this plaintext sealed, and what opens it.
fn sealed(plaintext: &str) -> (ImportRequest, Secrets) {
    let identity = x25519::Identity::generate();
    let keys = identity.to_string();
    let secrets = secrets(&[(IDENTITY, keys.expose_secret())]);
    let sealed = seal(plaintext, &identity.to_public());
    (request(Some(sealed)), secrets)
}

fn padded(length: usize) -> String {
    let object = |blanks: usize| {
        format!(
            r#"{{"access_key": "k", "access_key_secret": "s", "for": {{"customer": "Northwind Robotics", "platform": "gong"}}}}{}"#,
            " ".repeat(blanks)
        )
    };
    object(length - object(0).len())
}

#[test]
fn eight_kilobytes_open_and_one_byte_more_is_told() {
    let (request, secrets) = sealed(&padded(MAX_PLAINTEXT));
    assert!(secrets.open(&request, GONG).is_ok());
    for length in [MAX_PLAINTEXT + 1, 40_000] {
        let (request, secrets) = sealed(&padded(length));
        let error = secrets.open(&request, GONG).unwrap_err();
        assert_eq!(error, CredentialError::TooLong);
    }
}

#[test]
fn what_is_no_credential_is_told_apart() {
    let northwind = r#"{"customer": "Northwind Robotics", "platform": "gong"}"#;
    for (plaintext, expected) in [
        ("t0ken".to_owned(), wrong_shape(GONG)),
        ("{".to_owned(), wrong_shape(GONG)),
        (
            r#"{"access_key": "k"}"#.to_owned(),
            CredentialError::Unbound,
        ),
        (
            r#"{"for": "Northwind Robotics"}"#.to_owned(),
            CredentialError::Unbound,
        ),
        (
            format!(r#"{{"access_key": "k", "for": {northwind}}}"#),
            wrong_shape(GONG),
        ),
    ] {
        let (request, secrets) = sealed(&plaintext);
        let error = secrets.open(&request, GONG).unwrap_err();
        assert_eq!(error, expected, "{plaintext}");
    }
    // A bare token cannot say whom it is for, even where a token is all that is needed.
    let (request, secrets) = sealed("t0ken");
    assert!(
        secrets
            .open(&request, Auth::Bearer { token: "token" })
            .is_err()
    );
}

#[test]
fn blocks_survive_editors_and_damage_is_told() {
    let (mut request, secrets) = sealed(&format!("\u{feff}{}\n", padded(300)));
    let Some(Credentials::Sealed(block)) = request.credentials.clone() else {
        unreachable!("it was sealed")
    };
    for whole in [
        block.replace('\n', "\r\n"),
        format!("\n\n{block}\n\n"),
        block.trim().to_owned(),
    ] {
        request.credentials = Some(Credentials::Sealed(whole));
        assert!(secrets.open(&request, GONG).is_ok());
    }
    let lines: Vec<&str> = block.lines().collect();
    for line in 1..lines.len() - 1 {
        let without: Vec<&str> = (0..lines.len())
            .filter(|l| *l != line)
            .map(|l| lines[l])
            .collect();
        request.credentials = Some(Credentials::Sealed(without.join("\n")));
        let error = secrets.open(&request, GONG).unwrap_err();
        let is_told = matches!(
            error,
            CredentialError::Damaged | CredentialError::OtherRecipient
        );
        assert!(is_told, "without line {line}: {error:?}");
    }
}

#[test]
fn several_keys_open_and_a_broken_one_is_named_by_its_line() {
    let [old, new] = [(); 2].map(|()| x25519::Identity::generate());
    let text = format!(
        "# old\r\n{}\r\n\r\n  {}  \n",
        old.to_string().expose_secret(),
        new.to_string().expose_secret()
    );
    let both = secrets(&[(IDENTITY, &text)]);
    for key in [&old, &new] {
        let request = request(Some(seal(&padded(300), &key.to_public())));
        assert!(both.open(&request, GONG).is_ok());
    }
    let broken = text.replace("# old", "old");
    let error = Secrets::new(move |_| Some(SecretString::from(broken.clone())))
        .err()
        .unwrap();
    assert_eq!(error, CredentialError::BrokenIdentity { line: 1 });
    assert_eq!(error.whose_turn(), WhoseTurn::Engineering);
}

#[test]
fn what_we_seal_each_recipient_opens() {
    let purpose = Purpose {
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
    };
    let pairs = [(); 3].map(|()| x25519::Identity::generate());
    let keys: Vec<String> = pairs
        .iter()
        .map(|pair| pair.to_public().to_string())
        .collect();
    let recipients = Recipients::parse(&keys[..2].join("\n")).unwrap();
    let pasted =
        SecretString::from("\u{feff}{\"access_key\": \"k\", \"access_key_secret\": \"s\"}\r\n");
    let plaintext = Plaintext::read(&pasted, Some(GONG), &purpose).unwrap();
    let block = plaintext.seal(&recipients).unwrap();
    let opened = pairs.map(|pair| {
        let secrets = secrets(&[(IDENTITY, pair.to_string().expose_secret())]);
        secrets.open(&request(Some(Credentials::Sealed(block.clone()))), GONG)
    });
    assert_eq!(field(opened[1].as_ref().unwrap(), "access_key_secret"), "s");
    assert!(opened[0].is_ok());
    assert_eq!(
        opened[2].as_ref().unwrap_err(),
        &CredentialError::OtherRecipient
    );
    assert!(matches!(
        plaintext.seal(&Recipients::default()),
        Err(SealError::NoRecipients)
    ));
    assert!(!format!("{plaintext:?}").contains("access_key_secret"));
}

#[test]
fn a_bare_token_is_sealed_where_one_part_is_enough() {
    let purpose = Purpose {
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
    };
    let auth = Auth::Bearer { token: "token" };
    let read = |text: &str| Plaintext::read(&SecretString::from(text), Some(auth), &purpose);
    let bare = read("t0\"ken\n").unwrap();
    assert_eq!(bare.suspicious(), [] as [String; 0]);
    assert_eq!(read("two words").unwrap().suspicious(), ["`token`"]);
    let identity = x25519::Identity::generate();
    let recipients = Recipients::parse(&identity.to_public().to_string()).unwrap();
    let block = Credentials::Sealed(bare.seal(&recipients).unwrap());
    let secrets = secrets(&[(IDENTITY, identity.to_string().expose_secret())]);
    let opened = secrets
        .open(&request(Some(block)), Auth::Bearer { token: "token" })
        .unwrap();
    assert_eq!(field(&opened, "token"), "t0\"ken");

    // What fits without `for`, but not with it, is not cut.
    let long = "x".repeat(MAX_PLAINTEXT - 20);
    assert_eq!(read(&long).unwrap_err(), ShapeError::TooLong);
}

#[test]
fn a_consent_is_sealed_with_its_own_parts() {
    let gong = crate::platforms::connector("gong").unwrap().traits();
    let oauth = gong.sign_in(crate::model::Method::Oauth).unwrap();
    let purpose = Purpose {
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
    };
    let read = |text: &str| Plaintext::read(&SecretString::from(text), Some(oauth), &purpose);
    let parts = r#""client_id": "a", "client_secret": "b", "refresh_token": "c""#;
    assert!(read(&format!("{{{parts}}}")).is_ok());
    assert!(read(&format!(r#"{{{parts}, "access_token": "d"}}"#)).is_ok());
    for (wrong, told) in [
        (
            r#"{"access_key": "a", "access_key_secret": "b"}"#,
            "`refresh_token` is missing.",
        ),
        (
            &format!(r#"{{{parts}, "scope": "d"}}"#),
            "`scope` is not known here.",
        ),
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let secrets = secrets(&[("IMPORT_NORTHWIND_ROBOTICS_GONG", &format!("{{{parts}}}"))]);
    let named = Credentials::Secret("IMPORT_NORTHWIND_ROBOTICS_GONG".into());
    let opened = secrets.open(&request(Some(named)), oauth).unwrap();
    assert_eq!(field(&opened, "refresh_token"), "c");
    assert!(opened.field("access_token").is_none());
}

#[test]
fn names_without_latin_letters_are_not_mixed_up() {
    let purpose = |customer: &str| Purpose {
        customer: customer.into(),
        platform: "gong".into(),
    };
    assert!(purpose("日本電機").fits(&purpose(" 日本電機 ")));
    assert!(!purpose("日本電機").fits(&purpose("東京商事")));
    assert!(!purpose("").fits(&purpose("東京商事")));
    assert!(purpose("ZOË & Co").fits(&purpose("Zoe - co")));
}

#[test]
fn several_keys_are_sealed_and_opened_in_their_order() {
    let auth = Auth::Keys {
        name: "x-api-key",
        values: "api_keys",
    };
    let purpose = Purpose {
        customer: "Northwind Robotics".into(),
        platform: "gong".into(),
    };
    let identity = x25519::Identity::generate();
    let recipients = Recipients::parse(&identity.to_public().to_string()).unwrap();
    let secrets = secrets(&[(IDENTITY, identity.to_string().expose_secret())]);
    let read = |text: &str| Plaintext::read(&SecretString::from(text), Some(auth), &purpose);
    for (pasted, expected) in [
        (
            r#"{"api_keys": ["first", " second\n"]}"#,
            vec!["first", "second"],
        ),
        (r#"{"api_keys": "first"}"#, vec!["first"]),
        (r#"{"api_keys": "first\nsecond"}"#, vec!["first", "second"]),
        (" first,\n\tsecond third ", vec!["first", "second", "third"]),
        ("first\n", vec!["first"]),
    ] {
        let block = read(pasted).unwrap().seal(&recipients).unwrap();
        let sealed = request(Some(Credentials::Sealed(block)));
        let opened = secrets.open(&sealed, auth).unwrap();
        assert_eq!(opened.count("api_keys"), expected.len(), "{pasted}");
        for (index, key) in expected.into_iter().enumerate() {
            assert_eq!(field(&opened, &Credential::nth("api_keys", index)), key);
        }
        let repeated = "the platform repeats first and second";
        assert!(!opened.scrub(repeated).contains("first"));
    }
    let many = |count: usize| serde_json::json!({"api_keys": vec!["key"; count]}).to_string();
    assert!(read(&many(20)).is_ok());
    for wrong in [
        many(21).as_str(),
        many(0).as_str(),
        r#"{"api_keys": ["canary", ""]}"#,
        r#"{"api_keys": ["canary"], "canary": "x"}"#,
        r#"{"key": "canary"}"#,
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(
            error.contains("api_keys") && !error.contains("canary"),
            "{error}"
        );
    }
}

#[test]
fn too_many_keys_do_not_open() {
    let auth = Auth::Keys {
        name: "x-api-key",
        values: "api_keys",
    };
    let name = "IMPORT_NORTHWIND_ROBOTICS_GONG";
    let keys = serde_json::json!({"api_keys": vec!["key"; 21]}).to_string();
    let secrets = secrets(&[(name, &keys)]);
    let named = request(Some(Credentials::Secret(name.into())));
    let error = secrets.open(&named, auth).unwrap_err();
    assert!(error.to_string().contains("at most 20 keys"), "{error}");
}

#[test]
fn what_was_sealed_earlier_and_cannot_be_sent_does_not_open() {
    let identity = x25519::Identity::generate();
    let secrets = secrets(&[(IDENTITY, identity.to_string().expose_secret())]);
    let opened = |auth: Auth, parts: &str| {
        let sealed = format!(
            r#"{{{parts}, "for": {{"customer": "Northwind Robotics", "platform": "gong"}}}}"#
        );
        let request = request(Some(seal(&sealed, &identity.to_public())));
        secrets.open(&request, auth).map(|_| ())
    };
    let token = Auth::Bearer { token: "token" };
    assert_eq!(opened(token, r#""token": "Bearer key""#), Ok(()));
    let broken = r#""access_key": "a", "access_key_secret": "b\nc""#;
    let curled = r#""access_key": "a", "access_key_secret": "passwörd""#;
    assert_eq!(opened(GONG, curled), Ok(()));
    for (auth, parts) in [
        (token, r#""token": "key\nkey""#),
        (token, r#""token": "kéy""#),
        (GONG, broken),
    ] {
        assert_eq!(opened(auth, parts), Err(CredentialError::Unsendable));
    }
}
