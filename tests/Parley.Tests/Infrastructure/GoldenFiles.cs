using System.Text.Json;
using Parley.DevHost.Common;

namespace Parley.Tests.Infrastructure;

/// <summary>A resource that the deployment creates. Expressions that only Azure can evaluate remain text.</summary>
internal sealed record Resource(string Id, string Type, string Name, JsonElement Json)
{
    /// <summary>The last part of its name.</summary>
    public string ShortName => Name[(Name.LastIndexOf('/') + 1)..];

    /// <summary>A value below <c>properties</c>.</summary>
    public JsonElement this[params ReadOnlySpan<string> path]
    {
        get
        {
            var found = Json.GetProperty("properties");
            foreach (var name in path)
            {
                found = found.GetProperty(name);
            }

            return found;
        }
    }
}

/// <summary>The files that <c>infra/check</c> has built and compared, so that the tests need no compiler.</summary>
internal sealed class GoldenFiles
{
    private static readonly string Folder =
        Path.Combine(Repository.Root, "tests", "Parley.Tests", "Infrastructure", "Golden");

    private GoldenFiles(string name)
    {
        var json = Read(name);
        Resources = [.. json.GetProperty("predictedResources").EnumerateArray().Select(one =>
            new Resource(
                one.GetProperty("id").GetString()!,
                one.GetProperty("type").GetString()!,
                one.GetProperty("name").GetString()!,
                one))];
        Outputs = json.GetProperty("outputs").EnumerateObject()
            .ToDictionary(output => output.Name, output => output.Value.ToString());
    }

    /// <summary>A deployment without any setting.</summary>
    public static GoldenFiles Defaults { get; } = new("defaults.json");

    /// <summary>A deployment in which every setting differs from its default.</summary>
    public static GoldenFiles Everything { get; } = new("everything.json");

    public static JsonElement Template { get; } = Read("main.json");

    /// <summary>The settings of <see cref="Everything"/>.</summary>
    public static IReadOnlyDictionary<string, string> EverythingSettings { get; } =
        File.ReadLines(Path.Combine(Folder, "everything.env"))
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The resources that the deployment creates.</summary>
    public IReadOnlyList<Resource> Resources { get; }

    /// <summary>The outputs that azd writes to its environment.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; }

    /// <summary>The app's settings.</summary>
    public IReadOnlyDictionary<string, string> AppSettings =>
        The("Microsoft.Web/sites")["siteConfig", "appSettings"].EnumerateArray()
            .ToDictionary(
                setting => setting.GetProperty("name").GetString()!,
                setting => setting.GetProperty("value").GetString()!);

    /// <summary>The resources of a type.</summary>
    public IEnumerable<Resource> All(string type) => Resources.Where(resource => resource.Type == type);

    /// <summary>The only resource of a type.</summary>
    public Resource The(string type) => All(type).Single();

    /// <summary>The names of the storage account's resources of a kind.</summary>
    /// <param name="kind">For example <c>queueServices/queues</c>.</param>
    public IEnumerable<string> InStorage(string kind) =>
        All($"Microsoft.Storage/storageAccounts/{kind}").Select(resource => resource.ShortName);

    private static JsonElement Read(string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name))).RootElement;
}
