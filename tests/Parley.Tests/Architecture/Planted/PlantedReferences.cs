// Two folders of a made-up product. High.Nested is above Low, and each type of Low names one type of High.Nested in one
// way. Each way is found by LayerReferencesTests.
#pragma warning disable CS0649 // A field that is never assigned

namespace Parley.Tests.Architecture.Planted.High.Nested
{
    internal static class NamedInBody
    {
        public static int Length(string text) => text.Length;
    }

    internal sealed class NamedAsTypeArgument;

    internal static class NamedInLambda
    {
        public static int Length(string text) => text.Length;
    }

    internal sealed class NamedInAsyncState;

    internal sealed class NamedInIteratorState;

    internal class NamedAsBase;

    internal sealed class NamedInInterface;

    internal interface INamedAsConstraint;

    internal sealed class NamedAsField;

    internal sealed class NamedAsProperty;

    internal sealed class NamedAsParameter;

    internal sealed class NamedInRecord;

    internal sealed class NamedInAttribute;

    internal sealed class NamedInAttributeOfParameter;

    internal sealed class NamedInAttributeAsTypeArgument;

    [AttributeUsage(AttributeTargets.All)]
    internal sealed class NamedAsAttribute : Attribute;

    internal sealed class NamedInCatch : Exception;

    internal sealed class NamedInTypeOf;

    internal sealed class NamedInCast;

    internal sealed class NamedInTest;

    internal enum NamedInBox
    {
        First,
    }

    internal sealed class NamedInNew;

    internal sealed class NamedInArray;

    internal static class NamedInDelegate
    {
        public static void Run()
        {
        }
    }

    internal static class NamedByField
    {
        public static readonly int Value = Environment.ProcessId;
    }

    internal sealed class NamedByGenericMember<T>
    {
        public T? Value { get; set; }
    }

    internal sealed class Outer
    {
        internal static class NamedNested
        {
            public static int Value => Environment.ProcessId;
        }
    }

    internal static class NamedInNestedType
    {
        public static int Value => Environment.ProcessId;
    }

    internal static class NamedInRegistration
    {
        public static int Value => Environment.ProcessId;
    }

    internal static class OnlyAConstant
    {
        public const int Value = 17;
    }
}

namespace Parley.Tests.Architecture.Planted.Low
{
    internal static class Body
    {
        public static int Run(string text) => High.Nested.NamedInBody.Length(text);
    }

    internal static class TypeArgument
    {
        public static int Run() => Array.Empty<High.Nested.NamedAsTypeArgument>().Length;
    }

    internal static class Lambda
    {
        public static Func<int> Run(string text) => () => High.Nested.NamedInLambda.Length(text);
    }

    internal static class AsyncState
    {
        public static async Task RunAsync()
        {
            High.Nested.NamedInAsyncState? kept = null;
            await Task.Yield();
            GC.KeepAlive(kept);
        }
    }

    internal static class IteratorState
    {
        public static IEnumerable<int> Run()
        {
            High.Nested.NamedInIteratorState? kept = null;
            yield return 1;
            GC.KeepAlive(kept);
        }
    }

    internal sealed class Base : High.Nested.NamedAsBase;

    internal abstract class Interface : IEquatable<High.Nested.NamedInInterface>
    {
        public abstract bool Equals(High.Nested.NamedInInterface? other);

        public abstract override bool Equals(object? obj);

        public abstract override int GetHashCode();
    }

    internal static class Constraint
    {
        public static void Run<T>()
            where T : High.Nested.INamedAsConstraint
        {
        }
    }

    internal sealed class Field
    {
        public High.Nested.NamedAsField[][]? Value;
    }

    internal abstract class Property
    {
        public abstract IReadOnlyList<High.Nested.NamedAsProperty?> Value { get; }
    }

    internal static class Parameter
    {
        public static void Run(ref High.Nested.NamedAsParameter? value) => value = null;
    }

    internal sealed record Record(High.Nested.NamedInRecord Value);

    [AttributeUsage(AttributeTargets.All)]
    internal sealed class OfAttribute(Type type, DayOfWeek day) : Attribute
    {
        public Type Type => type;

        public DayOfWeek Day => day;

        public Type? Other { get; set; }
    }

    [Of(typeof(High.Nested.NamedInAttribute), DayOfWeek.Monday)]
    internal sealed class AttributeArgument;

    internal static class AttributeOfParameter
    {
        public static int Run(
            [Of(
                typeof(List<High.Nested.NamedInAttributeAsTypeArgument>[]),
                DayOfWeek.Monday,
                Other = typeof(High.Nested.NamedInAttributeOfParameter))]
            int value) => value;
    }

    internal static class Attributed
    {
        [High.Nested.NamedAsAttribute]
        public static void Run()
        {
        }
    }

    internal static class Catch
    {
        public static void Run(Action action)
        {
            try
            {
                action();
            }
            catch (High.Nested.NamedInCatch)
            {
            }
        }
    }

    internal static class TypeOf
    {
        public static string Run() => typeof(High.Nested.NamedInTypeOf).Name;
    }

    internal static class Cast
    {
        public static object Run(object value) => (High.Nested.NamedInCast)value;
    }

    internal static class Test
    {
        public static bool Run(object value) => value is High.Nested.NamedInTest;
    }

    internal static class Box
    {
        public static object Run() => default(High.Nested.NamedInBox);
    }

    internal static class New
    {
        public static object Run() => new High.Nested.NamedInNew();
    }

    internal static class NewArray
    {
        public static object Run() => new High.Nested.NamedInArray[1];
    }

    internal static class Delegate
    {
        public static Action Run() => High.Nested.NamedInDelegate.Run;
    }

    internal static class FieldRead
    {
        public static int Run() => High.Nested.NamedByField.Value;
    }

    internal static class GenericMember
    {
        public static string? Run(object value) => ((High.Nested.NamedByGenericMember<string>)value).Value;
    }

    internal static class NestedTarget
    {
        public static int Run() => High.Nested.Outer.NamedNested.Value;
    }

    internal static class NestedSource
    {
        internal static class Inner
        {
            public static int Run() => High.Nested.NamedInNestedType.Value;
        }
    }

    internal static class LowServices
    {
        public static int Run() => High.Nested.NamedInRegistration.Value;
    }

    internal static class Constant
    {
        public static int Run() => High.Nested.OnlyAConstant.Value;
    }
}
