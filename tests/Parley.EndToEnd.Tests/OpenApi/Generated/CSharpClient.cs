using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Newtonsoft.Json;
using NSwag.CodeGeneration.CSharp;
using NSwag.CodeGeneration.OperationNameGenerators;

namespace Parley.EndToEnd.Tests.OpenApi.Generated;

/// <summary>The C# clients that NSwag generates of documents, compiled within this process and called by reflection.</summary>
internal sealed class CSharpClient
{
    private readonly Type type;

    private CSharpClient(Type type) => this.type = type;

    /// <summary>Generates a client of each document, and compiles all at once.</summary>
    /// <param name="documents">The documents as JSON, by their names.</param>
    public static async Task<IReadOnlyDictionary<string, CSharpClient>> GenerateAsync(IReadOnlyDictionary<string, string> documents)
    {
        var trees = new List<SyntaxTree>();
        foreach (var (name, document) in documents)
        {
            var settings = new CSharpClientGeneratorSettings { ClassName = "Client", OperationNameGenerator = new SingleClientFromOperationIdOperationNameGenerator() };
            settings.CSharpGeneratorSettings.Namespace = $"Generated.{name}";
            settings.CSharpGeneratorSettings.GenerateNullableReferenceTypes = true;
            var code = new CSharpClientGenerator(await NSwag.OpenApiDocument.FromJsonAsync(document), settings).GenerateFile();
            trees.Add(CSharpSyntaxTree.ParseText(code, path: name));
        }

        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "Generated",
            trees,
            assemblies.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        if (!result.Success)
        {
            throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(one => one.Severity == DiagnosticSeverity.Error)));
        }

        var assembly = Assembly.Load(stream.ToArray());
        return documents.Keys.ToDictionary(name => name, name => new CSharpClient(assembly.GetType($"Generated.{name}.Client", throwOnError: true)!));
    }

    /// <summary>Makes a call. A status or a body that is not documented throws.</summary>
    /// <param name="http">Sends the request.</param>
    /// <param name="call">The call.</param>
    public async Task CallAsync(HttpClient http, DocumentedCall call)
    {
        var client = Activator.CreateInstance(type, http)!;
        type.GetProperty("BaseUrl")?.SetValue(client, http.BaseAddress!.ToString());
        var method = type.GetMethods().Single(one => string.Equals(one.Name, $"{call.Id}Async", StringComparison.OrdinalIgnoreCase)
            && one.GetParameters() is [.., var last] && last.ParameterType == typeof(CancellationToken));
        var values = call.Params.Values.SelectMany(one => one).Concat(call.MediaType == "application/json" ? [] : call.Body ?? [])
            .ToDictionary(one => Plain(one.Key), one => one.Value, StringComparer.OrdinalIgnoreCase);
        var arguments = method.GetParameters().Select(parameter => (parameter.Name, parameter.ParameterType) switch
        {
            (_, var type) when type == typeof(CancellationToken) => CancellationToken.None,
            ("body", var type) when call.Body is { } body => JsonConvert.DeserializeObject(body.ToJsonString(), type),
            (_, var type) when type.Name == "FileParameter" => Activator.CreateInstance(type, new MemoryStream("text"u8.ToArray()), "a.txt", "text/plain"),
            var (name, type) => values.TryGetValue(Plain(name!), out var value) && value is not null ? JsonConvert.DeserializeObject(value!.ToJsonString(), type) : null,
        });
        var task = (Task)method.Invoke(client, [.. arguments])!;
        await task;
        (task.GetType().GetProperty("Result")?.GetValue(task) as IDisposable)?.Dispose();
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit));
}
