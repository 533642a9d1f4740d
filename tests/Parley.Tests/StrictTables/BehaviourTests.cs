using System.Reflection;
using Parley.Testing;
using Parley.Tests.Tables;
using Xunit;
using Xunit.Sdk;

namespace Parley.Tests.OnStrictTables;

/// <summary>
/// Runs all behaviour tests of the table client on StrictTables instead of Azurite, so that both are known to agree on
/// them. The tests use their own transports and connection strings, so StrictTables is served on a port here.
/// </summary>
public sealed class BehaviourTests(BehaviourTests.Server server) : IClassFixture<BehaviourTests.Server>
{
    private static readonly Type[] Classes = [.. typeof(TablesFixture).Assembly.GetTypes()
        .Where(type => type.GetCustomAttributesData().Any(each => each.AttributeType == typeof(CollectionAttribute) && each.ConstructorArguments is [{ Value: OnTables.Name }]))];

    public static TheoryData<string, string, int> Tests
    {
        get
        {
            var tests = new TheoryData<string, string, int>();
            foreach (var method in Classes.SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(FactAttribute))))
            {
                for (var row = 0; row < Rows(method).Count; row++)
                {
                    tests.Add(method.DeclaringType!.Name, method.Name, row);
                }
            }

            return tests;
        }
    }

    [Theory]
    [MemberData(nameof(Tests))]
    public async Task Holds(string type, string test, int row)
    {
        var declaring = Classes.Single(each => each.Name == type);
        var method = declaring.GetMethod(test)!;
        var instance = Activator.CreateInstance(declaring, server.Tables);
        if (method.Invoke(instance, Rows(method)[row]) is Task running)
        {
            await running;
        }
    }

    private static List<object[]> Rows(MethodInfo method) =>
        method.IsDefined(typeof(TheoryAttribute)) ? [.. method.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(method))] : [[]];

    public sealed class Server : IAsyncLifetime
    {
        private StrictTablesServer? server;

        public TablesFixture Tables { get; } = new();

        public async Task InitializeAsync()
        {
            server = await StrictTablesServer.StartAsync(new StrictTables(TimeProvider.System).Connect());
            // Instead of TablesFixture.InitializeAsync, which would start Azurite.
            Tables.ConnectionString = server.ConnectionString;
        }

        public async Task DisposeAsync() => await server!.DisposeAsync();
    }
}
