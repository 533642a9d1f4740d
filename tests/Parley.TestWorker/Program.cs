using Microsoft.Extensions.Hosting;
using Parley.Core;
using Parley.Functions;
using Parley.TestWorker;

// Parley's own Program, with the doubles and faults that the settings named Test__… select.
try
{
    var builder = ParleyApp.CreateBuilder(args);
    builder.UseMiddleware<TriggerMiddleware>();
    builder.Services.AddDoubles(builder.Configuration);
    await builder.Build().RunAsync();
    return 0;
}
catch (StartUpException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
