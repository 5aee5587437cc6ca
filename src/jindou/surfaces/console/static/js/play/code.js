// A request as a program would send it.

const KEY = "jdk_YOUR_KEY";

export function python(body, address) {
  const { stream, stream_options: options, ...rest } = body;
  const given = Object.entries(stream ? { ...rest, stream, stream_options: options } : rest);
  return [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url=${literal(address)}, api_key=${literal(KEY)})`,
    "",
    "answer = client.chat.completions.create(",
    ...given.map(([name, value]) => `    ${name}=${literal(value, "    ")},`),
    ")",
    ...(stream ? STREAMED : WHOLE),
    "",
  ].join("\n");
}

const STREAMED = [
  "for chunk in answer:",
  "    for choice in chunk.choices:",
  "        print(choice.delta.content or \"\", end=\"\", flush=True)",
  "        for call in choice.delta.tool_calls or []:",
  "            print(call.function.name or \"\", call.function.arguments or \"\", end=\"\", flush=True)",
  "    if chunk.usage:",
  "        print()",
  "        print(chunk.usage)",
];

const WHOLE = ["print(answer.choices[0].message)", "print(answer.usage)"];

export function curl(body, address) {
  const quoted = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${body.stream ? "--no-buffer " : ""}${address}/chat/completions \\`,
    `  -H 'Authorization: Bearer ${KEY}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${quoted}'`,
    "",
  ].join("\n");
}

// A value as Python writes it. Its strings take all the escapes that JSON's do.
function literal(value, indent = "") {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const deeper = `${indent}    `;
  const items = Array.isArray(value)
    ? value.map((item) => literal(item, deeper))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${literal(item, deeper)}`);
  const flat = `${open}${items.join(", ")}${close}`;
  if (flat.length + indent.length <= 80 && !flat.includes("\n")) return flat;
  return `${open}\n${items.map((item) => `${deeper}${item},\n`).join("")}${indent}${close}`;
}
