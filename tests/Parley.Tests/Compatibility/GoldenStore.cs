using System.Text.Json;
using Azure.Data.Tables;
using Parley.DevHost.Common;
using Parley.Operations;
using Parley.Operations.Format;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

/// <summary>
/// The facts that a reader of golden rows needs besides the rows. The key is valid only for this store.
/// </summary>
/// <param name="WrittenAt">A time after the last row was written.</param>
/// <param name="ApiKey">A key of the first tenant.</param>
/// <param name="Chat">The number of the conversation with most kinds of rows.</param>
/// <param name="Completion">The id of a completion.</param>
internal sealed record GoldenFacts(DateTimeOffset WrittenAt, string ApiKey, int Chat, string Completion);

/// <summary>The rows that a version of Parley wrote, as stored in <c>Golden/VERSION</c>.</summary>
internal sealed class GoldenStore
{
    private const string FactsName = "store.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private GoldenStore(string version)
    {
        Version = version;
        Facts = JsonSerializer.Deserialize<GoldenFacts>(File.ReadAllText(PathOf(version, FactsName)), Json)!;
        Rows =
        [
            // Versions before 0.2.0 have no table Schedule.
            .. Tables.Where(table => File.Exists(PathOf(version, $"{table}.jsonl"))).SelectMany(table =>
                File.ReadLines(PathOf(version, $"{table}.jsonl")).Select(line => Stored(table, line))),
        ];
    }

    /// <summary>The folder that contains a folder for each version.</summary>
    public static string Folder { get; } =
        Path.Combine(Repository.Root, "tests", "Parley.Tests", "Compatibility", "Golden");

    /// <summary>The versions with stored rows.</summary>
    public static IEnumerable<string> Versions =>
        Directory.EnumerateDirectories(Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    public static string[] Tables { get; } = ["Conversations", "Due", "Keys", "Schedule", "Tenants"];

    public string Version { get; }

    public GoldenFacts Facts { get; }

    public IReadOnlyList<StoredRow> Rows { get; }

    /// <summary>The file of the responses that Parley must give on these rows.</summary>
    public string AnswersPath => PathOf(Version, "answers.json");

    public static GoldenStore Read(string version) => new(version);

    /// <summary>Writes the rows of a new version.</summary>
    /// <exception cref="InvalidOperationException">Rows of this version exist already.</exception>
    public static void Write(string version, GoldenFacts facts, IEnumerable<StoredRow> rows)
    {
        if (Directory.Exists(PathOf(version)))
        {
            throw new InvalidOperationException($"Golden rows of {version} exist. They are never written again.");
        }

        Directory.CreateDirectory(PathOf(version));
        foreach (var table in Tables)
        {
            var lines = rows.Where(row => row.Table == table).Select(row => row.Line);
            File.WriteAllLines(PathOf(version, $"{table}.jsonl"), lines);
        }

        File.WriteAllText(PathOf(version, FactsName), JsonSerializer.Serialize(facts, Json) + "\n");
    }

    /// <summary>Writes the rows to an account without rows.</summary>
    public async Task LoadAsync(Account account)
    {
        await account.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        foreach (var row in Rows)
        {
            await TableOf(account, row.Table).AddEntityAsync(RowLine.Read(row.Line));
        }
    }

    private static TableClient TableOf(Account account, string name) =>
        account.Tables.All.Single(table => table.Name == name);

    private static StoredRow Stored(string table, string line)
    {
        var row = RowLine.Read(line);
        return new StoredRow(table, row.PartitionKey, row.RowKey, line);
    }

    private static string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);
}
