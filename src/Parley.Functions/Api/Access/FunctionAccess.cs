using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Parley.Tenants;

namespace Parley.Functions.Api.Access;

/// <summary>Who may call a function, as the attribute of its method states.</summary>
/// <param name="Scopes">Null when the function is not for API keys.</param>
/// <param name="IsForAdministrator">True when the function requires the admin key.</param>
public sealed record FunctionAccess(Scopes? Scopes, bool IsForAdministrator)
{
    /// <summary>The function's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Reads the access of the method that the host calls for a function.</summary>
    /// <exception cref="InvalidOperationException">The method states none, or more than one.</exception>
    public static FunctionAccess Of(FunctionDefinition function)
    {
        var member = function.EntryPoint.LastIndexOf('.');
        var assembly = Path.GetFileNameWithoutExtension(function.PathToAssembly);
        var type = Type.GetType($"{function.EntryPoint[..member]}, {assembly}", throwOnError: true)!;
        var access = Of(type.GetMethod(function.EntryPoint[(member + 1)..])
            ?? throw new InvalidOperationException($"There is no method {function.EntryPoint}."));
        return access with { Name = function.Name };
    }

    /// <inheritdoc cref="Of(FunctionDefinition)"/>
    public static FunctionAccess Of(MethodInfo method)
    {
        FunctionAccess[] stated =
        [
            .. method.GetCustomAttributes<RequiresScopeAttribute>()
                .Select(one => new FunctionAccess(one.Scopes, IsForAdministrator: false)),
            .. method.GetCustomAttributes<RequiresAdminKeyAttribute>()
                .Select(_ => new FunctionAccess(null, IsForAdministrator: true)),
            .. method.GetCustomAttributes<OpenToAllAttribute>()
                .Select(_ => new FunctionAccess(null, IsForAdministrator: false)),
        ];
        return stated is [var one] && one.Scopes != Tenants.Scopes.None
            ? one
            : throw new InvalidOperationException(
                $"{method.DeclaringType}.{method.Name} must state who may call it, by one attribute: "
                + "RequiresScope, RequiresAdminKey or OpenToAll.");
    }
}
