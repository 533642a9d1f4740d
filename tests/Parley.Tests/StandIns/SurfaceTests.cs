using System.Reflection;
using Xunit;

namespace Parley.Tests.StandIns;

/// <summary>
/// The stand-ins stay honest and small: nothing public in them that nobody uses, and, when this runs with the real
/// packages, nothing used that those lack.
/// </summary>
public sealed class SurfaceTests
{
    private static readonly ReferredMembers Referred = ReferredMembers.Read();

    public static TheoryData<string> StandIns => [.. PackageSet.Ids];

    [Fact]
    public void Every_member_referred_to_exists()
    {
        Assert.NotEmpty(Referred.Members);
        Assert.True(Referred.Broken.Count == 0, string.Join('\n', Referred.Broken));
    }

    [Theory]
    [MemberData(nameof(StandIns))]
    public void A_stand_in_has_no_public_member_that_nobody_refers_to(string id)
    {
        if (!PackageSet.IsStandIn)
        {
            return;
        }

        var unused = ExportedTypes(id).SelectMany(type => Referred.Types.Contains(type)
            ? Unused(type)
            : IsBaseOfReferred(type) ? [] : (string[])[type.FullName!]).ToArray();
        Assert.True(unused.Length == 0, string.Join('\n', unused));
    }

    private static Type[] ExportedTypes(string id) =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, id + ".dll")) ? Assembly.Load(id).GetExportedTypes() : [];

    private static IEnumerable<string> Unused(Type type)
    {
        // Constants are copied into their users, so metadata does not show who uses an enum's member or a const.
        // An interface's and a delegate's members are one whole: who implements or makes one needs them all.
        if (type.IsEnum || type.IsInterface || type.IsSubclassOf(typeof(Delegate)))
        {
            return [];
        }

        var inherited = type.GetInterfaces().SelectMany(each => type.GetInterfaceMap(each).TargetMethods).ToHashSet();
        return type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(member => member switch
            {
                ConstructorInfo constructor => IsSeen(constructor) && !IsUsed(constructor) && !IsForMocking(constructor),
                MethodInfo method => IsSeen(method) && !IsUsed(method) && !IsPromisedElsewhere(method, inherited) && !PairOf(method).Any(IsUsed),
                FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsLiteral && !Referred.Members.Contains(field),
                _ => false,
            })
            .Select(member => $"{type.FullName}: {member}");
    }

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsUsed(MethodBase method) => Referred.Members.Contains(method);

    /// <summary>The parameterless protected constructor that lets Moq derive from a client.</summary>
    private static bool IsForMocking(ConstructorInfo constructor) => constructor.IsFamily && constructor.GetParameters().Length == 0;

    /// <summary>Overrides, and what an interface demands, are called through the type that promised them; abstract members bind who derives.</summary>
    private static bool IsPromisedElsewhere(MethodInfo method, HashSet<MethodInfo> inherited) =>
        method.GetBaseDefinition().DeclaringType != method.DeclaringType || method.IsAbstract || inherited.Contains(method);

    /// <summary>What C# only lets us declare together, or what an attribute's named argument sets unseen: accessors, and operators with their opposites.</summary>
    private static IEnumerable<MethodInfo> PairOf(MethodInfo method)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var type = method.DeclaringType!;
        var accessors = type.GetProperties(Declared).Select(property => property.GetAccessors(nonPublic: true)).FirstOrDefault(each => each.Contains(method)) ?? [];
        string[] opposites = method.Name switch
        {
            "op_Equality" => ["op_Inequality"],
            "op_Inequality" => ["op_Equality"],
            "op_LessThan" or "op_GreaterThan" or "op_LessThanOrEqual" or "op_GreaterThanOrEqual" => ["op_LessThan", "op_GreaterThan", "op_LessThanOrEqual", "op_GreaterThanOrEqual"],
            _ => [],
        };
        return accessors.Concat(type.GetMethods(Declared).Where(each => opposites.Contains(each.Name)));
    }

    private static bool IsBaseOfReferred(Type type) => Referred.Types.Any(referred => referred != type && type.IsAssignableFrom(referred));
}
