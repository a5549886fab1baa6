// Waits for its first request at its top level: no chunk may need the entry.
import { createPool } from "@holdfast/pool";

const pool = createPool();
const response = await pool.fetch(process.env.ORIGIN);
const refused = await pool.request("http://127.0.0.1:1/").catch((error) => error.code);
console.log(response.status, await response.text(), refused);
await pool.close();
