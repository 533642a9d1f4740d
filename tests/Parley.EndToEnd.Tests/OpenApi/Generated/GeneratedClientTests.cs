using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Tenants;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi.Generated;

/// <summary>
/// Clients that generators make of each dialect's document, as it is: every documented call succeeds once. They need the
/// packages of tests/generated-clients.
/// </summary>
[Trait(nameof(Needs), Needs.Generators)]
public class GeneratedClientTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    [Fact]
    public async Task TypeScript_by_openapi_typescript_and_openapi_fetch()
    {
        var prepared = await PrepareAsync();
        var input = Path.Combine(Path.GetDirectoryName(DialectDocuments.Write(Dialect.Parley))!, "calls.json");
        await File.WriteAllTextAsync(input, JsonSerializer.Serialize(prepared.Select(one => new
        {
            name = one.Dialect.Name(),
            document = DialectDocuments.Write(one.Dialect),
            api = parley.Api.ToString().TrimEnd('/'),
            key = one.Calls.Key,
            adminKey = one.Calls.AdminKey,
            calls = one.Calls.All(),
        }), Json));

        JsonNode statuses;
        try
        {
            statuses = JsonNode.Parse(await NodeScript.RunAsync("generated-clients", "call-all.mjs", input))!;
        }
        finally
        {
            // It has keys.
            File.Delete(input);
        }

        AssertAllCalled(
            prepared, dialect => statuses[dialect.Name()]!.AsObject().Select(one => (one.Key, one.Value!.ToString())));
    }

    [Fact]
    public async Task CSharp_by_NSwag()
    {
        var preparing = PrepareAsync();
        var clients = await CSharpClient.GenerateAsync(Enum.GetValues<Dialect>().ToDictionary(
            dialect => dialect.ToString(), dialect => DialectDocuments.Of(dialect).Root.ToJsonString()));
        var prepared = await preparing;
        var results = await Task.WhenAll(prepared.Select(async one =>
        {
            var client = clients[one.Dialect.ToString()];
            var http = new Dictionary<string, HttpClient>
            {
                ["key"] = parley.NewClient(one.Calls.Key),
                ["administrator"] = parley.NewClient(one.Calls.AdminKey),
                ["none"] = parley.NewClient(token: null),
            };
            var made = new List<(string, string)>();
            foreach (var call in one.Calls.All())
            {
                made.Add((call.Id, await StatusOfAsync(() => client.CallAsync(http[call.Access], call))));
            }

            return (one.Dialect, made);
        }));

        AssertAllCalled(prepared, dialect => results.Single(one => one.Dialect == dialect).made);
    }

    /// <summary>Kiota has no type for what it calls untyped or composed: its users have to take such an answer apart.</summary>
    [Fact]
    public async Task Kiota_has_a_type_for_everything()
    {
        await Kiota.RestoreAsync();
        var clients = await Task.WhenAll(Enum.GetValues<Dialect>().Select(async dialect =>
            (dialect, files: await Kiota.GenerateAsync(DialectDocuments.Write(dialect), dialect.Name()))));

        Assert.All(clients, client =>
        {
            Assert.Contains("Client.cs", client.files.Keys);
            Assert.Contains($"Models{Path.DirectorySeparatorChar}Conversation.cs", client.files.Keys);
            Assert.Equal([], client.files
                .Where(file => file.Value.Contains("UntypedNode", StringComparison.Ordinal) || file.Value.Contains("IComposedTypeWrapper", StringComparison.Ordinal))
                .Select(file => $"{client.dialect}: {file.Key}"));
        });
    }

    private static async Task<string> StatusOfAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "200";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    private async Task<IReadOnlyList<(Dialect Dialect, DocumentedCalls Calls)>> PrepareAsync() =>
        await Task.WhenAll(Enum.GetValues<Dialect>().Select(async dialect => (dialect, await DocumentedCalls.PrepareAsync(parley, dialect))));

    private static void AssertAllCalled(
        IEnumerable<(Dialect Dialect, DocumentedCalls Calls)> prepared, Func<Dialect, IEnumerable<(string Id, string Status)>> callsOf)
    {
        var all = prepared.SelectMany(one => callsOf(one.Dialect).Select(call => (one.Dialect, call.Id, call.Status))).ToList();

        var refused = all.Where(call => !call.Status.StartsWith('2') || call.Status.Length > 3).Select(call => $"{call.Dialect} {call.Id}: {call.Status}").ToList();

        Assert.True(refused.Count == 0, string.Join('\n', refused));
        Assert.All(prepared, one => Assert.Equal(
            DialectDocuments.Of(one.Dialect).Operations.Select(operation => ApiHelpers.Text(operation.Operation["operationId"])).Order(),
            all.Where(call => call.Dialect == one.Dialect).Select(call => call.Id).Order()));
    }
}
