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
            CredentialError::ForeignBlock,
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
