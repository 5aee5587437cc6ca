// Passkeys: the buttons that make one and sign in with one. They work at one address, which the page names.
import { post } from "./api.js";

const ways = {
  add,
  enter: () => sign("/api/sessions/passkey", "/"),
  prove: (piece) => sign("/api/accounts/me/proof/passkey", piece.dataset.next),
};

for (const piece of document.querySelectorAll("[data-passkey]")) {
  if (window.PublicKeyCredential) show(piece);
}

function show(piece) {
  const button = piece.querySelector("button");
  const origin = `${piece.dataset.scheme}://${piece.dataset.host}`;
  const isHere = window.location.origin === origin;
  piece.hidden = false;
  button.hidden = !isHere;
  const elsewhere = piece.querySelector("[data-elsewhere]");
  elsewhere.hidden = isHere;
  const link = elsewhere.querySelector("a");
  link.href = `${origin}${link.pathname}`;
  button.addEventListener("click", async () => {
    if (piece.querySelector("input")?.reportValidity() === false) return;
    const trouble = piece.querySelector("[data-trouble]");
    const there = piece.querySelector("[data-there]");
    for (const told of [trouble, there]) if (told) told.hidden = true;
    button.disabled = true;
    try {
      await ways[piece.dataset.passkey](piece);
    } catch (error) {
      // What the device says where it has one of those that it was told to leave out.
      (error.name === "InvalidStateError" && there ? there : trouble).hidden = false;
    }
    button.disabled = false;
  });
}

async function add(piece) {
  const { publicKey } = await post("/api/accounts/me/passkeys/options");
  const excludeCredentials = (publicKey.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  const options = { ...publicKey, challenge: bytes(publicKey.challenge), user, excludeCredentials };
  const made = await navigator.credentials.create({ publicKey: options });
  const response = {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
  };
  const name = piece.querySelector("input").value.trim();
  await post("/api/accounts/me/passkeys", { name, credential: plain(made, response) });
  window.location.assign("/account");
}

async function sign(path, next) {
  const { publicKey } = await post(`${path}/options`);
  const allowCredentials = (publicKey.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const options = { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials };
  const signed = await navigator.credentials.get({ publicKey: options });
  const response = {
    clientDataJSON: text(signed.response.clientDataJSON),
    authenticatorData: text(signed.response.authenticatorData),
    signature: text(signed.response.signature),
    userHandle: signed.response.userHandle && text(signed.response.userHandle),
  };
  await post(path, { credential: plain(signed, response) });
  window.location.assign(next);
}

function plain(credential, response) {
  const id = text(credential.rawId);
  return { id, rawId: id, type: credential.type, response, clientExtensionResults: {} };
}

// Base64url without padding, as WebAuthn's JSON has bytes.
function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function bytes(encoded) {
  const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
