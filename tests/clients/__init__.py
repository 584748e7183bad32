"""Real clients against the running product: what they need, and where that is tested.

M is the MedplumClient (seeds.mjs: every printed request; medplum.mjs: the rest), K fhir-kit-client
(fhir_kit.mjs), P fhirpy, S SMART's fhirclient. A name without a letter is of its file's tests.

| # | what clients need | tests |
| --- | --- | --- |
| 1 | the base with and without a slash, no redirect | M "a batch of everything", K "batch", P test_batch |
| 2 | an empty query is no condition | P test_an_empty_query_is_no_condition |
| 3 | `:`, `|` and `/` come percent-encoded | M "encoded colons and pipes", "the tree of a Task" |
| 4 | URLs of Bundle entries with and without a slash, and with a query | M "a batch of everything", "requests that the client batches by itself", P test_batch |
| 5 | links begin with the base that was used; page tokens in the query, in any order | M "searchResourcePages walks all pages", "a page token stands among the other parameters in any order", "history in pages", K "pages, by GET and by POST", P test_fetch_all_follows_the_pages, S test_perform_iter_follows_the_pages |
| 6 | `_count` of 1 and of 1000 | M "searchOne asks for one, and finds nothing for an unknown id", "searchResourcePages without a count asks for a thousand" |
| 7 | Accept, X-Medplum, Accept-Charset, Cache-Control | M "create answers with the whole resource", "read, update and read again", S test_create_read_update_and_delete |
| 8 | media types of bodies | M "a patch answers with the whole resource", K "search, by GET and by POST", P test_batch, seeds.mjs "curl: create a Task" |
| 9 | media types of answers, errors and empty ones too | M "each refusal is an OperationOutcome, and is asked for once", "a delete answers without a body, then the resource is gone", K "Prefer says what comes back" |
| 10 | the headers and body of create, update and patch | M "create answers with the whole resource", "read, update and read again", "a patch answers with the whole resource" |
| 11 | If-Match, and a failing `test` | M "If-Match stops a lost update", "a failing test operation changes nothing", K "patch" |
| 12 | conditional create and update | M "createResourceIfNoneExist creates once", "upsertResource creates, then updates", K "conditional create", "conditional update", P test_if_none_exist, test_get_or_create, test_conditional_update, S test_conditional_writes |
| 13 | If-None-Match with a bare number | P test_refresh |
| 14 | the shape of a searchset | M "every way to write a query", S test_search_by_a_structure, test_perform_iter_follows_the_pages |
| 15 | total where it is asked for; unknown parameters | M "totals", P test_fetch_first_get_and_count, test_an_unknown_parameter_is_ignored_unless_strictly_handled |
| 16 | an unknown `_id` | M "searchOne asks for one, and finds nothing for an unknown id", P test_fetch_first_get_and_count, S test_search_by_a_structure |
| 17 | modifiers, chains, `_has`, includes, ANDs, search by POST | M "encoded colons and pipes", "a repeated parameter is an AND", "the tree of a Task", K "search, by GET and by POST", "includes both ways", P test_parameters_and_modifiers, test_chains_and_has, test_includes, S test_includes_and_chains |
| 18 | history and versions | M "history and versions", "history in pages", "a delete answers without a body, then the resource is gone", K "history of a resource, a type and everything", P test_versions, S test_versions, test_history_of_more_than_one |
| 19 | the printed patches | seeds.mjs "claim a Task from the pool", "a reason as free text", "create a new Task for the new owner"; M "what the printed patches need is allowed, and no more" |
| 20 | a patch that is none | P test_patch_sends_no_json_patch |
| 21 | the token endpoint and its errors | M "client credentials in the body", "client credentials by HTTP Basic", "a wrong secret is told with its reason", S test_a_wrong_secret |
| 22 | an opaque token, and no /auth/me | M "one login serves many requests" |
| 23 | a token that lives long enough | M "client credentials in the body", "one login serves many requests" |
| 24 | 401 for a bad token, 403 for a missing right | M "a dead token makes the client log in again", "a dead token without credentials is refused", "a living token without the right is 403, never 401" |
| 25 | nothing to try again, no RateLimit | M "each refusal is an OperationOutcome, and is asked for once" |
| 26 | metadata without a token, strict R4 | K "capabilityStatement without a token", "smartAuthMetadata without a token", S test_metadata_is_strict_r4, test_metadata_needs_no_token |
| 27 | every error is an OperationOutcome | M "each refusal is an OperationOutcome, and is asked for once", "a claim that comes second is a conflict", K "each refusal is JSON with an OperationOutcome", P test_refusals, test_delete, S test_refusals |
| 28 | use from another origin | test_other_origin.py, M in Chromium |
| 29 | no PUT takes over what may not be read | M "nobody takes over what she may not read" |
| 30 | patches that grow without end | M "a patch that copies itself to great size is refused" |
"""
