/** The console's page: it is shown in the browser, and wired to what the server sent. */
import { followDecisions } from "./decisions.ts";
import { followGlass } from "./glass-form.ts";
import { followRing } from "./ring.ts";

// The one-time token has done its work; it is not left in the address.
history.replaceState(null, "", "/");
followRing(document);
followDecisions(document, () => new EventSource("/decisions"));
followGlass(document);
