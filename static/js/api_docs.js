/* The page of the API: Swagger UI, closed until somebody opens a part, and calling nobody else. */
"use strict";

SwaggerUIBundle({
  url: document.getElementById("docs").dataset.schema,
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  docExpansion: "none",
  filter: true,
  queryConfigEnabled: false,
  syntaxHighlight: false,
  validatorUrl: null,
});
