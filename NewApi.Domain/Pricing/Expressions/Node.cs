namespace NewApi.Domain.Pricing.Expressions;

/// <summary>A part of a compiled expression. Evaluating one never loops and never calls anything outside of the expression.</summary>
internal abstract class Node
{
    /// <summary>What is known of the value before the call is known.</summary>
    public abstract OperandKind Kind { get; }

    public abstract Operand Evaluate(ref Evaluation run);

    public decimal Number(ref Evaluation run)
    {
        var value = Evaluate(ref run);
        return value.Kind == OperandKind.Number ? value.Number : throw Mismatch("a number", value);
    }

    public bool Flag(ref Evaluation run)
    {
        var value = Evaluate(ref run);
        return value.Kind == OperandKind.Flag ? value.Flag : throw Mismatch("true or false", value);
    }

    // Says what kind of thing was found, never the thing: it may be part of a prompt.
    private static EvaluationException Mismatch(string wanted, Operand found) => new(found.Kind switch
    {
        OperandKind.Nothing => $"{wanted} is needed where the request has nothing",
        OperandKind.Text => $"{wanted} is needed where there is a text",
        OperandKind.Flag => $"{wanted} is needed where there is true or false",
        _ => $"{wanted} is needed where there is a number",
    });
}

internal sealed class Literal(Operand value) : Node
{
    public Operand Value => value;

    public override OperandKind Kind => value.Kind;

    public override Operand Evaluate(ref Evaluation run) => value;
}

internal sealed class Variable(ExpressionVariable variable) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run) => Operand.Of(run[variable]);
}

internal enum Arithmetic : byte
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

internal sealed class Calculation(Arithmetic operation, Node left, Node right) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run)
    {
        var first = left.Number(ref run);
        var second = right.Number(ref run);
        return Operand.Of(operation switch
        {
            Arithmetic.Add => first + second,
            Arithmetic.Subtract => first - second,
            Arithmetic.Multiply => first * second,
            Arithmetic.Divide => first / second,
            _ => first % second,
        });
    }
}

internal sealed class Negation(Node of) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run) => Operand.Of(-of.Number(ref run));
}

internal enum Order : byte
{
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Compares numbers. What the request does not have is neither less nor greater than anything.</summary>
internal sealed class Comparison(Order order, Node left, Node right) : Node
{
    public override OperandKind Kind => OperandKind.Flag;

    public override Operand Evaluate(ref Evaluation run)
    {
        var first = left.Evaluate(ref run);
        var second = right.Evaluate(ref run);
        if (first.Kind != OperandKind.Number || second.Kind != OperandKind.Number)
        {
            return Operand.Of(false);
        }
        return Operand.Of(order switch
        {
            Order.Less => first.Number < second.Number,
            Order.LessOrEqual => first.Number <= second.Number,
            Order.Greater => first.Number > second.Number,
            _ => first.Number >= second.Number,
        });
    }
}

/// <summary>Values of different kinds are different.</summary>
internal sealed class Equality(bool equal, Node left, Node right) : Node
{
    public override OperandKind Kind => OperandKind.Flag;

    public override Operand Evaluate(ref Evaluation run) =>
        Operand.Of(left.Evaluate(ref run).Equals(right.Evaluate(ref run)) == equal);
}

internal sealed class Conjunction(bool all, Node left, Node right) : Node
{
    public override OperandKind Kind => OperandKind.Flag;

    public override Operand Evaluate(ref Evaluation run) =>
        Operand.Of(all ? left.Flag(ref run) && right.Flag(ref run) : left.Flag(ref run) || right.Flag(ref run));
}

internal sealed class Inversion(Node of) : Node
{
    public override OperandKind Kind => OperandKind.Flag;

    public override Operand Evaluate(ref Evaluation run) => Operand.Of(!of.Flag(ref run));
}

internal sealed class Choice(Node condition, Node then, Node otherwise) : Node
{
    public override OperandKind Kind => then.Kind == otherwise.Kind ? then.Kind : OperandKind.Any;

    public override Operand Evaluate(ref Evaluation run) =>
        condition.Flag(ref run) ? then.Evaluate(ref run) : otherwise.Evaluate(ref run);
}

/// <summary><c>tier("name", value)</c>: the value, and a note that this tier was taken.</summary>
internal sealed class Tier(string name, Node value) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run)
    {
        var number = value.Number(ref run);
        run.Tier = name;
        return Operand.Of(number);
    }
}

/// <summary><c>param("path")</c>: a member of the request's body.</summary>
internal sealed class Param(int index) : Node
{
    public override OperandKind Kind => OperandKind.Any;

    public override Operand Evaluate(ref Evaluation run) => run.Request?.Param(index) ?? Operand.Nothing;
}

/// <summary><c>header("name")</c>: a header of the request, the empty text when there is none.</summary>
internal sealed class Header(int index) : Node
{
    public override OperandKind Kind => OperandKind.Text;

    public override Operand Evaluate(ref Evaluation run) => Operand.Of(run.Request?.Header(index) ?? "");
}

/// <summary><c>has(text, part)</c></summary>
internal sealed class Containment(Node text, Node part) : Node
{
    public override OperandKind Kind => OperandKind.Flag;

    public override Operand Evaluate(ref Evaluation run)
    {
        var whole = text.Evaluate(ref run);
        var wanted = part.Evaluate(ref run);
        return Operand.Of(whole.Text is { } found && wanted.Text is { } sought && found.Contains(sought, StringComparison.Ordinal));
    }
}

/// <summary><c>hour("Europe/Berlin")</c> and its like: when the call began, on somebody's clock.</summary>
internal sealed class ClockReading(Func<DateTimeOffset, int> part, TimeZoneInfo zone) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run) =>
        Operand.Of(part(TimeZoneInfo.ConvertTime(run.Request?.StartedAt ?? DateTimeOffset.UnixEpoch, zone)));
}

/// <summary><c>max(…)</c> and <c>min(…)</c></summary>
internal sealed class Extreme(bool largest, Node[] values) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run)
    {
        var found = values[0].Number(ref run);
        for (var index = 1; index < values.Length; index++)
        {
            var next = values[index].Number(ref run);
            found = largest ? Math.Max(found, next) : Math.Min(found, next);
        }
        return Operand.Of(found);
    }
}

/// <summary><c>abs</c>, <c>ceil</c>, <c>floor</c>, and <c>fixed</c>.</summary>
internal sealed class Mapping(Func<decimal, decimal> map, Node of) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run) => Operand.Of(map(of.Number(ref run)));
}

/// <summary><c>u("seconds")</c>: what a task was asked for or turned out to be.</summary>
internal sealed class Fact(string name) : Node
{
    public override OperandKind Kind => OperandKind.Number;

    public override Operand Evaluate(ref Evaluation run) =>
        run.Facts is null ? throw new EvaluationException("facts of a task are needed where there is no task")
        : Operand.Of(run.Facts.GetValueOrDefault(name));
}
