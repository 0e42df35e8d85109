using System.Globalization;
using System.Text;

namespace NewApi.Domain.Pricing.Expressions;

/// <summary>
/// Reads an expression by recursive descent. Binding from loose to tight: <c>? :</c>, <c>||</c>, <c>&amp;&amp;</c>, comparisons,
/// <c>+ -</c>, <c>* / %</c>, and the signs <c>- + !</c>; <c>or</c>, <c>and</c> and <c>not</c> are the same as their signs.
/// </summary>
internal sealed class ExpressionParser(string text, int start)
{
    private const int MostNodes = 1000;
    private const int MostDepth = 64;
    private const int MostPaths = 16;

    /// <summary>Headers that hold keys: a price has no business with them.</summary>
    private static readonly HashSet<string> Credentials = new(StringComparer.OrdinalIgnoreCase)
    {
        "authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "mj-api-secret",
        "sec-websocket-protocol",
    };

    private int _at = start;
    private int _tokenStart;
    private int _nodes;
    private int _depth;
    private string _token = "";
    private TokenKind _kind;

    private enum TokenKind : byte
    {
        End,
        Number,
        Text,
        Name,
        Sign,
    }

    public List<string> Params { get; } = [];

    public List<string> Headers { get; } = [];

    /// <summary>A bit for each variable that the expression names.</summary>
    public int Variables { get; private set; }

    public bool UsesFacts { get; private set; }

    public Node Parse()
    {
        Advance();
        var root = Ternary();
        if (_kind != TokenKind.End)
        {
            throw Unexpected();
        }
        return root.Kind is OperandKind.Number or OperandKind.Any
            ? root
            : throw new ExpressionException(0, "a price must be a number");
    }

    private Node Ternary()
    {
        Enter();
        var at = _tokenStart;
        var condition = Or();
        if (Take("?"))
        {
            Wants(condition, OperandKind.Flag, at);
            var then = Ternary();
            Expect(":");
            condition = Made(new Choice(condition, then, Ternary()));
        }
        _depth--;
        return condition;
    }

    private Node Or()
    {
        var at = _tokenStart;
        var left = And();
        while (Take("||") || TakeName("or"))
        {
            Wants(left, OperandKind.Flag, at);
            var rightAt = _tokenStart;
            left = Made(new Conjunction(all: false, left, Wants(And(), OperandKind.Flag, rightAt)));
        }
        return left;
    }

    private Node And()
    {
        var at = _tokenStart;
        var left = Compared();
        while (Take("&&") || TakeName("and"))
        {
            Wants(left, OperandKind.Flag, at);
            var rightAt = _tokenStart;
            left = Made(new Conjunction(all: true, left, Wants(Compared(), OperandKind.Flag, rightAt)));
        }
        return left;
    }

    private Node Compared()
    {
        var at = _tokenStart;
        var left = Sum();
        while (_kind == TokenKind.Sign)
        {
            var sign = _token;
            if (sign is not ("==" or "!=" or "<" or "<=" or ">" or ">="))
            {
                return left;
            }
            Advance();
            if (sign is "==" or "!=")
            {
                left = Made(new Equality(sign == "==", left, Sum()));
                continue;
            }
            Wants(left, OperandKind.Number, at);
            var rightAt = _tokenStart;
            var order = sign switch
            {
                "<" => Order.Less,
                "<=" => Order.LessOrEqual,
                ">" => Order.Greater,
                _ => Order.GreaterOrEqual,
            };
            left = Made(new Comparison(order, left, Wants(Sum(), OperandKind.Number, rightAt)));
        }
        return left;
    }

    private Node Sum()
    {
        var at = _tokenStart;
        var left = Product();
        while (_kind == TokenKind.Sign && _token is "+" or "-")
        {
            var operation = _token == "+" ? Arithmetic.Add : Arithmetic.Subtract;
            Advance();
            left = Calculated(operation, left, at, Product);
        }
        return left;
    }

    private Node Product()
    {
        var at = _tokenStart;
        var left = Signed();
        while (_kind == TokenKind.Sign && _token is "*" or "/" or "%")
        {
            var operation = _token switch
            {
                "*" => Arithmetic.Multiply,
                "/" => Arithmetic.Divide,
                _ => Arithmetic.Remainder,
            };
            Advance();
            left = Calculated(operation, left, at, Signed);
        }
        return left;
    }

    private Node Calculated(Arithmetic operation, Node left, int at, Func<Node> operand)
    {
        Wants(left, OperandKind.Number, at);
        var rightAt = _tokenStart;
        return Made(new Calculation(operation, left, Wants(operand(), OperandKind.Number, rightAt)));
    }

    private Node Signed()
    {
        Enter();
        Node node;
        if (Take("-"))
        {
            var at = _tokenStart;
            node = Made(new Negation(Wants(Signed(), OperandKind.Number, at)));
        }
        else if (Take("+"))
        {
            var at = _tokenStart;
            node = Wants(Signed(), OperandKind.Number, at);
        }
        else if (Take("!") || TakeName("not"))
        {
            var at = _tokenStart;
            node = Made(new Inversion(Wants(Signed(), OperandKind.Flag, at)));
        }
        else
        {
            node = Primary();
        }
        _depth--;
        return node;
    }

    private Node Primary()
    {
        var (kind, token, at) = (_kind, _token, _tokenStart);
        if (Take("("))
        {
            var inner = Ternary();
            Expect(")");
            return inner;
        }
        if (kind is TokenKind.End or TokenKind.Sign)
        {
            throw Unexpected();
        }
        Advance();
        return kind switch
        {
            TokenKind.Number => Made(new Literal(Operand.Of(NumberOf(token, at)))),
            TokenKind.Text => Made(new Literal(Operand.Of(token))),
            _ when Take("(") => Made(Call(token, at)),
            _ => Made(Named(token, at)),
        };
    }

    private Node Named(string name, int at)
    {
        if (ExpressionVariables.ByName.TryGetValue(name, out var variable))
        {
            Variables |= 1 << (int)variable;
            return new Variable(variable);
        }
        return name switch
        {
            "true" => new Literal(Operand.Of(true)),
            "false" => new Literal(Operand.Of(false)),
            "nil" or "null" => new Literal(Operand.Nothing),
            _ => throw new ExpressionException(at, $"nothing is called {name}"),
        };
    }

    private Node Call(string name, int at)
    {
        var arguments = new List<(Node Node, int At)>();
        if (!Take(")"))
        {
            do
            {
                var argumentAt = _tokenStart;
                arguments.Add((Ternary(), argumentAt));
            }
            while (Take(","));
            Expect(")");
        }
        switch (name)
        {
            case "tier":
                Arity(2);
                return new Tier(Text(0), Number(1));
            case "param":
                Arity(1);
                return new Param(Index(Params, Text(0), arguments[0].At));
            case "header":
                Arity(1);
                if (Credentials.Contains(Text(0)))
                {
                    throw new ExpressionException(arguments[0].At, "a price cannot depend on a credential");
                }
                return new Header(Index(Headers, Text(0), arguments[0].At));
            case "has":
                Arity(2);
                return new Containment(Wants(0, OperandKind.Text), Wants(1, OperandKind.Text));
            case "hour":
                return Clock(static time => time.Hour);
            case "minute":
                return Clock(static time => time.Minute);
            case "weekday":
                return Clock(static time => (int)time.DayOfWeek);
            case "month":
                return Clock(static time => time.Month);
            case "day":
                return Clock(static time => time.Day);
            case "max" or "min":
                if (arguments.Count == 0)
                {
                    throw new ExpressionException(at, $"{name} needs at least one number");
                }
                return new Extreme(name == "max", [.. arguments.Select((_, index) => Number(index))]);
            case "abs":
                Arity(1);
                return new Mapping(Math.Abs, Number(0));
            case "ceil":
                Arity(1);
                return new Mapping(Math.Ceiling, Number(0));
            case "floor":
                Arity(1);
                return new Mapping(Math.Floor, Number(0));
            case "fixed":
                Arity(1);
                return new Mapping(static dollars => dollars * PriceExpression.TokensPerPrice, Number(0));
            case "u":
                Arity(1);
                UsesFacts = true;
                return new Fact(Text(0));
            default:
                throw new ExpressionException(at, $"no function is called {name}");
        }

        void Arity(int count)
        {
            if (arguments.Count != count)
            {
                throw new ExpressionException(at, $"{name} takes {count} {(count == 1 ? "value" : "values")}, not {arguments.Count}");
            }
        }

        string Text(int index) => arguments[index].Node is Literal { Value: { Kind: OperandKind.Text, Text: { } literal } }
            ? literal
            : throw new ExpressionException(arguments[index].At, $"{name} needs a text in quotes here");

        Node Number(int index) => Wants(index, OperandKind.Number);

        Node Wants(int index, OperandKind kind) => ExpressionParser.Wants(arguments[index].Node, kind, arguments[index].At);

        ClockReading Clock(Func<DateTimeOffset, int> part)
        {
            Arity(1);
            return TimeZoneInfo.TryFindSystemTimeZoneById(Text(0), out var zone)
                ? new ClockReading(part, zone)
                : throw new ExpressionException(arguments[0].At, "there is no such time zone");
        }
    }

    private static Node Wants(Node node, OperandKind kind, int at) =>
        node.Kind == kind || node.Kind == OperandKind.Any
            ? node
            : throw new ExpressionException(at, kind switch
            {
                OperandKind.Number => "a number is needed here",
                OperandKind.Flag => "a condition is needed here",
                _ => "a text is needed here",
            });

    private static int Index(List<string> names, string name, int at)
    {
        var known = names.IndexOf(name);
        if (known >= 0)
        {
            return known;
        }
        if (name.Length is 0 or > 256 || names.Count == MostPaths)
        {
            throw new ExpressionException(at, $"at most {MostPaths} members and headers of at most 256 characters can be asked for");
        }
        names.Add(name);
        return names.Count - 1;
    }

    private Node Made(Node node) =>
        ++_nodes <= MostNodes ? node : throw new ExpressionException(_tokenStart, "the expression has too many parts");

    private void Enter()
    {
        if (++_depth > MostDepth)
        {
            throw new ExpressionException(_tokenStart, "the expression is nested too deeply");
        }
    }

    private bool Take(string sign) => Take(TokenKind.Sign, sign);

    private bool TakeName(string name) => Take(TokenKind.Name, name);

    private bool Take(TokenKind kind, string token)
    {
        if (_kind != kind || _token != token)
        {
            return false;
        }
        Advance();
        return true;
    }

    private void Expect(string sign)
    {
        if (!Take(sign))
        {
            throw new ExpressionException(_tokenStart, $"{sign} is missing here");
        }
    }

    private ExpressionException Unexpected() => _kind == TokenKind.End
        ? new ExpressionException(_tokenStart, "the expression ends too early")
        : new ExpressionException(_tokenStart, "this does not belong here");

    private static decimal NumberOf(string token, int at) =>
        decimal.TryParse(token.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ExpressionException(at, "this is not a number");

    private void Advance()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }
        _tokenStart = _at;
        if (_at == text.Length)
        {
            (_kind, _token) = (TokenKind.End, "");
            return;
        }
        var first = text[_at];
        if (char.IsAsciiDigit(first) || (first == '.' && _at + 1 < text.Length && char.IsAsciiDigit(text[_at + 1])))
        {
            ReadNumber();
        }
        else if (char.IsAsciiLetter(first) || first == '_')
        {
            var end = _at + 1;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
            {
                end++;
            }
            Found(TokenKind.Name, end);
        }
        else if (first is '"' or '\'')
        {
            ReadText(first);
        }
        else
        {
            ReadSign(first);
        }
    }

    private void ReadNumber()
    {
        var end = _at;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.' or '_'))
        {
            end++;
        }
        if (end < text.Length && text[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            exponent += exponent < text.Length && text[exponent] is '+' or '-' ? 1 : 0;
            if (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
            {
                while (exponent < text.Length && char.IsAsciiDigit(text[exponent]))
                {
                    exponent++;
                }
                end = exponent;
            }
        }
        Found(TokenKind.Number, end);
    }

    private void ReadText(char quote)
    {
        var value = new StringBuilder();
        for (var at = _at + 1; at < text.Length; at++)
        {
            if (text[at] == quote)
            {
                (_kind, _token, _at) = (TokenKind.Text, value.ToString(), at + 1);
                return;
            }
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
                // Before anything else a backslash stays: it escapes dots in the path of a member.
                if (text[at] != quote && text[at] != '\\')
                {
                    value.Append('\\');
                }
            }
            value.Append(text[at]);
        }
        throw new ExpressionException(_tokenStart, "the text has no closing quote");
    }

    private void ReadSign(char first)
    {
        var two = _at + 1 < text.Length ? text.Substring(_at, 2) : "";
        if (two is "==" or "!=" or "<=" or ">=" or "&&" or "||")
        {
            Found(TokenKind.Sign, _at + 2);
        }
        else if (first is '+' or '-' or '*' or '/' or '%' or '<' or '>' or '!' or '?' or ':' or '(' or ')' or ',')
        {
            Found(TokenKind.Sign, _at + 1);
        }
        else
        {
            throw new ExpressionException(_at, "this character means nothing in an expression");
        }
    }

    private void Found(TokenKind kind, int end)
    {
        (_kind, _token) = (kind, text[_at..end]);
        _at = end;
    }
}
