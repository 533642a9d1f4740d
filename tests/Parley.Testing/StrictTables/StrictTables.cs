using Parley.Testing.TableService;

namespace Parley.Testing;

/// <summary>
/// A Table service in memory, stricter than Azurite: the data of one account. <see cref="Connect"/> gives a transport to it that
/// stands for one process; put it on <c>TableClientOptions.Transport</c>. It speaks the wire protocol to the real
/// client, and what it does not understand is a NotSupportedException. docs/testing.md says where it differs from Azurite.
/// </summary>
/// <param name="time">Stamps rows. ETags do not rest on it.</param>
public sealed class StrictTables(TimeProvider time)
{
    /// <summary>
    /// A made-up account; the key is the word "key" in base64. Any other connection string does as well, since nothing is sent anywhere.
    /// </summary>
    public const string ConnectionString = "DefaultEndpointsProtocol=https;AccountName=strict;AccountKey=a2V5;TableEndpoint=https://strict.table.invalid";

    private readonly Service service = new(time);
    private readonly Lock gate = new();

    /// <summary>A process's connection.</summary>
    /// <param name="process">Names the process in traces.</param>
    /// <param name="hooks">What happens around its calls.</param>
    public TableConnection Connect(string process = "test", TableHooks? hooks = null) => new(this, process, hooks ?? new TableHooks());

    internal ServiceResponse Execute(TableRequest request, int? pageRows)
    {
        lock (gate)
        {
            return service.Execute(request, pageRows);
        }
    }
}
