using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Http;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>
/// Every query parameter of docs/openapi.yaml in the forms that clients give to arrays, and without a value: a list
/// narrows or is refused.
/// </summary>
public class FilterTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>A valid value of each parameter. That of a filter matches nothing of what the test writes.</summary>
    private static readonly Dictionary<string, string> Values = new()
    {
        ["chatIds"] = "999",
        ["chatMessageIds"] = "4194303",
        ["triggerChatMessageIds"] = "4194303",
        ["ticketIds"] = ApiHelpers.UnknownUuid,
        ["statuses"] = "failed",
        ["joins"] = "senders",
        ["chatId"] = "999",
        ["conversation"] = "999",
        ["chatThreadId"] = ApiHelpers.UnknownUuid,
        ["inbox"] = ApiHelpers.UnknownUuid,
        ["channel"] = "none",
        ["tenant"] = "999",
        ["contact"] = "999",
        ["externalId"] = "none",
        ["identifier"] = "none",
        ["from"] = "2100-01-01T00:00:00Z",
        ["to"] = "2000-01-01T00:00:00Z",
        ["ownerIds"] = "999",
        ["channelIds"] = ApiHelpers.UnknownUuid,
        ["channelType"] = "none",
        ["channelTypes"] = "instagram",
        ["lastChatMessageCreatedAtStart"] = "2100-01-01T00:00:00Z",
        ["lastChatMessageCreatedAtEnd"] = "2000-01-01T00:00:00Z",
        ["page"] = "1",
        ["per_page"] = "5",
        ["pageNumber"] = "1",
        ["pageSize"] = "5",
        ["limit"] = "5",
        ["pagination[limit]"] = "5",
        ["cursor"] = "x",
        ["order"] = "asc",
        ["language"] = "ptBr",
    };

    /// <summary>Parameters that do not narrow: an empty one is absent.</summary>
    private static readonly string[] Others =
        ["page", "per_page", "pageNumber", "pageSize", "limit", "pagination[limit]", "cursor", "order", "language", "joins"];

    [Fact]
    public async Task Brackets_are_those_of_a_list_or_are_refused()
    {
        var (tenant, admin) = (await NewTenantAsync(), parley.NewClient(parley.AdminKey));
        var seen = new HashSet<string>();
        foreach (var (path, name, isList, required) in Parameters())
        {
            var client = EveryResource.IsForAdministrator(path) ? admin : tenant;
            seen.Add(name);
            var (escaped, value) = (Uri.EscapeDataString(name), Uri.EscapeDataString(Values[name]));
            var rest = string.Concat(required.Where(other => other != name).Select(other => $"&{other}=1"));
            if (isList)
            {
                var expected = await client.GetStringAsync($"{path}?{name}={value}{rest}");
                var all = await client.GetStringAsync($"{path}?{rest}");
                Assert.True(expected != all, $"{path}?{name}={value} does not narrow");
                foreach (var form in new[] { $"{name}[]", $"{name}[0]", $"{name}[17]", $"{escaped}%5B%5D", $"{escaped}%5b3%5d" })
                {
                    Assert.True(expected == await client.GetStringAsync($"{path}?{form}={value}{rest}"), $"{path}?{form}={value}");
                }
            }

            string[] wrong = isList ? ["[x]", "[", "[0][1]", "[][]", "%5B-1%5D"] : ["[]", "[0]", "%5B%5D", "[x]", "[", "[0][]"];
            foreach (var brackets in wrong)
            {
                await client.RefusedAsync(HttpMethod.Get, $"{path}?{escaped}{brackets}={value}{string.Concat(required.Select(other => $"&{other}=1"))}", null, 422, "invalid_fields", name);
            }
        }

        Assert.Equal(Values.Keys.Order(), seen.Order());
    }

    [Fact]
    public async Task An_empty_filter_is_refused()
    {
        var (tenant, admin) = (await NewTenantAsync(), parley.NewClient(parley.AdminKey));
        foreach (var (path, name, isList, required) in Parameters())
        {
            var client = EveryResource.IsForAdministrator(path) ? admin : tenant;
            var rest = string.Concat(required.Where(other => other != name).Select(other => $"&{other}=1"));
            string[] forms = isList ? [$"{name}=", name, $"{name}[]=", $"{name}[0]="] : [$"{name}=", name];
            foreach (var form in forms)
            {
                var url = $"{path}?{form}{rest}";
                if (!Others.Contains(name))
                {
                    await client.RefusedAsync(HttpMethod.Get, url, null, 422, "invalid_fields", name);
                }
                else
                {
                    using var taken = await client.GetAsync(url);
                    Assert.True(taken.IsSuccessStatusCode, url);
                }
            }
        }
    }

    /// <summary>The query parameters of every operation, with the names of those that the operation requires.</summary>
    private static IEnumerable<(string Path, string Name, bool IsList, string[] Required)> Parameters()
    {
        var contract = OpenApiContract.Document;
        foreach (var (path, method, operation) in contract.Operations.Where(one => one.Method == "GET"))
        {
            var query = (operation["parameters"]?.AsArray() ?? []).Concat(contract.Root["paths"]![path]!["parameters"]?.AsArray() ?? [])
                .Select(parameter => contract.Follow(parameter!))
                .Where(parameter => ApiHelpers.Text(parameter["in"]) == "query")
                .ToList();
            string[] required = [.. query.Where(one => one["required"] is JsonValue value && value.GetValue<bool>()).Select(one => ApiHelpers.Text(one["name"])!)];
            foreach (var parameter in query)
            {
                var isList = contract.Follow(parameter["schema"]!)["type"] is JsonValue type && type.ToString() == "array";
                yield return (path.TrimStart('/').Replace("{id}", "1", StringComparison.Ordinal), ApiHelpers.Text(parameter["name"])!, isList, required);
            }
        }
    }

    /// <summary>A tenant with something in every list of an array parameter, and a chatbot.</summary>
    private async Task<HttpClient> NewTenantAsync()
    {
        var client = await parley.NewTenantClientAsync("Filters");
        await client.NewChatbotAsync();
        var sender = await client.NewSenderAsync(new { entity = "agent", name = "Bia" });
        await client.NewConversationAsync(new { title = "first" });
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = "Hello", role = "assistant", senderId = sender["id"] });
        await client.FollowUpAsync(1);
        return client;
    }
}
