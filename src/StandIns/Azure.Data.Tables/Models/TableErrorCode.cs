using System.ComponentModel;

namespace Azure.Data.Tables.Models;

/// <summary>What the service answers as <see cref="RequestFailedException.ErrorCode"/>. Compared without regard to case.</summary>
public readonly struct TableErrorCode : IEquatable<TableErrorCode>
{
    private readonly string _value;

    internal TableErrorCode(string value) => _value = value ?? throw new ArgumentNullException(nameof(value));

    /// <summary>409: the row to insert exists.</summary>
    public static TableErrorCode EntityAlreadyExists { get; } = new("EntityAlreadyExists");

    /// <summary>404: there is no such row.</summary>
    public static TableErrorCode ResourceNotFound { get; } = new("ResourceNotFound");

    /// <summary>404: there is no such table.</summary>
    public static TableErrorCode TableNotFound { get; } = new("TableNotFound");

    /// <summary>412: the row changed since it was read.</summary>
    public static TableErrorCode UpdateConditionNotSatisfied { get; } = new("UpdateConditionNotSatisfied");

    /// <summary>Equality without regard to case.</summary>
    public static bool operator ==(TableErrorCode left, TableErrorCode right) => left.Equals(right);

    /// <summary>Inequality without regard to case.</summary>
    public static bool operator !=(TableErrorCode left, TableErrorCode right) => !left.Equals(right);

    /// <summary>Makes one of its text, so that an ErrorCode compares with a member of this type.</summary>
    public static implicit operator TableErrorCode(string value) => new(value);

    /// <inheritdoc />
    public bool Equals(TableErrorCode other) => string.Equals(_value, other._value, StringComparison.InvariantCultureIgnoreCase);

    /// <inheritdoc />
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override bool Equals(object obj) => obj is TableErrorCode other && Equals(other);

    /// <inheritdoc />
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override int GetHashCode() => _value == null ? 0 : StringComparer.InvariantCultureIgnoreCase.GetHashCode(_value);

    /// <inheritdoc />
    public override string ToString() => _value;
}
