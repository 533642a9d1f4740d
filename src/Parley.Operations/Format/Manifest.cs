using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Operations.Format;

/// <summary>A table's file in a back-up.</summary>
internal sealed record TableFile(string Name, long Rows, string Sha256, string File);

/// <summary>The file that lists the names of all blobs.</summary>
internal sealed record BlobFile(long Count, long Bytes, string Sha256, string File);

/// <summary>
/// The list of all files of a back-up. It is written last, so a folder without a manifest is an unfinished back-up.
/// </summary>
internal sealed record Manifest(
    int Version,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    string Source,
    IReadOnlyList<TableFile> Tables,
    BlobFile Blobs)
{
    public const int CurrentVersion = 1;
    public const string FileName = "manifest.json";

    public static string PathIn(string directory) => Path.Combine(directory, FileName);

    /// <summary>The path of a file that is listed in a manifest. It must be directly in the back-up's folder.</summary>
    /// <exception cref="OperationException">The file name contains a path separator or a drive.</exception>
    public static string PathOf(string directory, string file) => file.AsSpan().ContainsAny('/', '\\', ':')
        ? throw new OperationException(
            $"{PathIn(directory)} names the file {file}, which is outside its folder. Use another back-up.")
        : Path.Combine(directory, file);

    /// <summary>
    /// Writes a temporary file and renames it, so that a partly written manifest never has the final name.
    /// </summary>
    public async Task WriteAsync(string directory, CancellationToken cancellation)
    {
        var temporary = PathIn(directory) + ".tmp";
        await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            await JsonSerializer.SerializeAsync(file, this, ManifestJson.Default.Manifest, cancellation);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, PathIn(directory));
    }

    /// <summary>Reads the manifest and checks every file against it.</summary>
    /// <exception cref="OperationException">The back-up is unfinished, damaged or of another version.</exception>
    public static async Task<Manifest> ReadVerifiedAsync(string directory, CancellationToken cancellation)
    {
        var manifest = await ReadAsync(directory, cancellation);
        var files = manifest.Tables
            .Select(table => (table.File, table.Sha256))
            .Append((manifest.Blobs.File, manifest.Blobs.Sha256));
        foreach (var (file, sha256) in files)
        {
            var path = PathOf(directory, file);
            if (!File.Exists(path))
            {
                throw new OperationException(
                    $"{path} is missing, but {FileName} names it. Copy the whole back-up, or use another one.");
            }

            if (await LineFile.HashAsync(path, cancellation) is var found && found != sha256)
            {
                throw new OperationException(
                    $"{path} is damaged: its SHA-256 is {found}, but {FileName} says {sha256}. "
                    + "Copy it again, or use another back-up.");
            }
        }

        return manifest;
    }

    private static async Task<Manifest> ReadAsync(string directory, CancellationToken cancellation)
    {
        var path = PathIn(directory);
        if (!File.Exists(path))
        {
            throw new OperationException(
                $"{directory} has no {FileName}: it is no back-up, or one that was not finished. Use another one.");
        }

        try
        {
            await using var file = File.OpenRead(path);
            var manifest = await JsonSerializer.DeserializeAsync(file, ManifestJson.Default.Manifest, cancellation)
                ?? throw new JsonException("It is null.");
            if (manifest.Tables.Any(table => table is null)
                || manifest.Tables.DistinctBy(table => table.Name).Count() < manifest.Tables.Count)
            {
                throw new JsonException("A table is null, or there twice.");
            }

            return manifest.Version == CurrentVersion
                ? manifest
                : throw new OperationException(
                    $"{path} has version {manifest.Version}; this program reads version {CurrentVersion}.");
        }
        catch (JsonException e)
        {
            throw new OperationException(
                $"{path} cannot be read: {e.Message} Copy it again, or use another back-up.",
                e);
        }
    }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Manifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
