using System.Globalization;

namespace Parley.DevHost.Commands;

/// <summary>The command-line options of <c>./dev run</c>.</summary>
internal sealed record RunOptions
{
    public const string Help = """
        Usage: ./dev run [options]
          --port N    listen on this port of 127.0.0.1 (default 7071; 0 picks a free one)
          --data DIR  keep data, and the demo tenant, in this directory (default: in memory)
          --demo      create sample conversations, and a key of each dialect
          --isolated  a process for HTTP and one for each timer and queue function, as Flex Consumption scales them
          --attach    wait until a debugger has attached to the worker process
          --help      show this
        Environment: AzureWebJobsStorage names the storage to use (default: an Azurite of its own);
        Parley__AdminKey the admin key (default: a random one); other app settings as in local.settings.json.
        """;

    public int Port { get; private init; } = 7071;

    public string? DataDirectory { get; private init; }

    public bool Demo { get; private init; }

    public bool Isolated { get; private init; }

    public bool Attach { get; private init; }

    public bool ShowHelp { get; private init; }

    /// <summary>Parses the command line. Returns null and an error message if it is not valid.</summary>
    public static RunOptions? Parse(IEnumerable<string> arguments, out string error)
    {
        error = "";
        var options = new RunOptions();
        using var rest = arguments.GetEnumerator();
        while (rest.MoveNext())
        {
            var option = rest.Current;
            switch (option)
            {
                case "--help" or "-h":
                    options = options with { ShowHelp = true };
                    break;
                case "--demo":
                    options = options with { Demo = true };
                    break;
                case "--isolated":
                    options = options with { Isolated = true };
                    break;
                case "--attach":
                    options = options with { Attach = true };
                    break;
                case "--data" when rest.MoveNext() && rest.Current.Length > 0:
                    options = options with { DataDirectory = Path.GetFullPath(rest.Current) };
                    break;
                case "--port" when rest.MoveNext()
                    && ushort.TryParse(rest.Current, NumberStyles.None, CultureInfo.InvariantCulture, out var port):
                    options = options with { Port = port };
                    break;
                case "--data":
                    error = "--data needs a directory.";
                    return null;
                case "--port":
                    error = "--port needs a number from 0 to 65535.";
                    return null;
                default:
                    error = $"Unknown option '{option}'.";
                    return null;
            }
        }

        return options;
    }
}
