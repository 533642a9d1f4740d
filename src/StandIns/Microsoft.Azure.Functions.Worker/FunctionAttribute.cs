namespace Microsoft.Azure.Functions.Worker;

/// <summary>Marks a method as a function. Names are unique within an app; the host matches routes in their order.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class FunctionAttribute : Attribute
{
    /// <summary>Names the function.</summary>
    public FunctionAttribute(string name) => Name = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>The function's name.</summary>
    public string Name { get; }
}
