// What one may begin with: words, JSON of a schema, calls of functions.

const ORDER = {
  type: "object",
  properties: {
    customer: { type: "string" },
    city: { type: "string" },
    items: {
      type: "array",
      items: {
        type: "object",
        properties: { product: { type: "string" }, quantity: { type: "integer" } },
        required: ["product", "quantity"],
      },
    },
  },
  required: ["customer", "city", "items"],
};

const WEATHER = [
  {
    name: "get_weather",
    description: "The weather in a city, now",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
      required: ["city"],
    },
  },
];

export function example(t, name) {
  const ask = t.get(`play.example.${name}`);
  if (name === "schema") return { ask, format: "json_schema", schema: JSON.stringify(ORDER, null, 2) };
  if (name === "tools") return { ask, tools: JSON.stringify(WEATHER, null, 2) };
  return { ask };
}
