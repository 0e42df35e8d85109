using System.Data;
using FluentMigrator.Expressions;
using FluentMigrator.Model;
using FluentMigrator.Runner.Generators.Generic;
using FluentMigrator.Runner.Generators.MySql;
using FluentMigrator.Runner.Generators.Postgres;
using FluentMigrator.Runner.Generators.SQLite;
using FluentMigrator.Runner.Processors.Postgres;

namespace NewApi.Data.Schema;

/// <summary>
/// The migration that every start of a master runs: the difference between the schema and what a database has, as statements. It only
/// ever adds and widens, so that the reference can still run on the database afterwards.
/// </summary>
/// <remarks>FluentMigrator writes the statements. Its runner is not used: it takes no part in our transaction, which on SQLite and
/// Postgres makes a killed migration one that never was.</remarks>
internal sealed class CompleteSchema
{
    private readonly DatabaseKind _kind;
    private readonly Catalog _catalog;
    private readonly string? _schema;
    private GenericGenerator? _generator;
    private readonly List<SchemaStep> _steps = [];

    private CompleteSchema(DatabaseKind kind, Catalog catalog, string? schema)
    {
        _kind = kind;
        _catalog = catalog;
        _schema = schema;
    }

    // Made on first need: most starts find nothing to do.
    private GenericGenerator Sql => _generator ??= _kind switch
    {
        DatabaseKind.Sqlite => new SQLiteGenerator(new Backticks()),
        DatabaseKind.MySql => new MySql5Generator(),
        _ => new PostgresGenerator(new PostgresQuoter(new PostgresOptions())),
    };

    /// <summary>What has to be done, in order.</summary>
    /// <param name="kind">The engine.</param>
    /// <param name="catalog">What is there.</param>
    /// <param name="schema">The schema of a Postgres database, else null.</param>
    /// <param name="tables">What should be there.</param>
    public static IReadOnlyList<SchemaStep> Plan(
        DatabaseKind kind, Catalog catalog, string? schema, IReadOnlyList<TableShape> tables)
    {
        var plan = new CompleteSchema(kind, catalog, schema);
        foreach (var table in tables)
        {
            plan.Table(table);
        }

        foreach (var table in tables)
        {
            if (kind == DatabaseKind.MySql && !catalog.HasTable(table.Name))
            {
                plan.AllIndexes(table);
                continue;
            }

            foreach (var index in table.Indexes)
            {
                plan.Index(table, index);
            }
        }

        return plan._steps;
    }

    private void Table(TableShape table)
    {
        if (!_catalog.HasTable(table.Name))
        {
            var create = new CreateTableExpression { TableName = table.Name, SchemaName = _schema };
            foreach (var column in table.Columns)
            {
                create.Columns.Add(Define(table, column));
            }

            var text = Sql.Generate(create).TrimEnd(';');
            var tail = table.WithoutRowId && _kind == DatabaseKind.Sqlite ? " WITHOUT ROWID" : "";
            _steps.Add(new SchemaStep($"table {table.Name}", text + tail, MayFail: false));
            return;
        }

        foreach (var column in table.Columns)
        {
            var existing = _catalog.FindColumn(table.Name, column.Name);
            if (existing is null)
            {
                var definition = Define(table, column);
                definition.ModificationType = ColumnModificationType.Create;
                Add(
                    $"column {table.Name}.{column.Name}",
                    Sql.Generate(new CreateColumnExpression { TableName = table.Name, SchemaName = _schema, Column = definition }),
                    mayFail: false);
            }
            else if (_kind != DatabaseKind.Sqlite && IsNarrower(existing, column))
            {
                var definition = Define(table, column);
                definition.ModificationType = ColumnModificationType.Alter;
                definition.IsNullable = !existing.IsRequired;
                Add(
                    $"width of {table.Name}.{column.Name}",
                    Sql.Generate(new AlterColumnExpression { TableName = table.Name, SchemaName = _schema, Column = definition }),
                    mayFail: true);
            }
        }
    }

    // MySQL writes a table anew for every statement, so a new one gets its indexes at one go.
    private void AllIndexes(TableShape table)
    {
        if (table.Indexes.Count > 0)
        {
            var clauses = table.Indexes.Select(index =>
                $"ADD {(index.IsUnique ? "UNIQUE " : "")}INDEX `{index.Name}` ({string.Join(", ", index.Columns.Select(column => $"`{column}`"))})");
            Add($"indexes of {table.Name}", $"ALTER TABLE `{table.Name}` {string.Join(", ", clauses)}", mayFail: false);
        }
    }

    private void Index(TableShape table, IndexShape index)
    {
        if (_catalog.IndexesOf(table.Name).Any(existing => existing.Serves(index)))
        {
            return;
        }

        // Another index may already carry the name, such as idx_created_at_id of old databases with its columns the wrong way round.
        var name = _catalog.HasIndexNamed(index.Name) ? $"newapi_{index.Name}" : index.Name;
        if (_catalog.HasIndexNamed(name))
        {
            return;
        }

        string text;
        if (index.IsConstraint && _kind == DatabaseKind.Postgres)
        {
            var create = new CreateConstraintExpression(ConstraintType.Unique)
            {
                Constraint = { TableName = table.Name, SchemaName = _schema, ConstraintName = name },
            };
            foreach (var column in index.Columns)
            {
                create.Constraint.Columns.Add(column);
            }

            text = Sql.Generate(create);
        }
        else
        {
            var create = new CreateIndexExpression
            {
                Index = new IndexDefinition { Name = name, TableName = table.Name, SchemaName = _schema, IsUnique = index.IsUnique },
            };
            foreach (var column in index.Columns)
            {
                create.Index.Columns.Add(new IndexColumnDefinition { Name = column });
            }

            text = Sql.Generate(create);
            if (index.OnlyAlive && _kind != DatabaseKind.MySql)
            {
                text = $"{text.TrimEnd(';')} WHERE deleted_at IS NULL";
            }
        }

        // Rows of an old database may break a rule that is younger than they are.
        Add($"index {name}", text, mayFail: _catalog.HasTable(table.Name));
    }

    private void Add(string what, string text, bool mayFail) => _steps.Add(new SchemaStep(what, text.TrimEnd(';'), mayFail));

    private ColumnDefinition Define(TableShape table, ColumnShape column)
    {
        var definition = new ColumnDefinition
        {
            Name = column.Name,
            TableName = table.Name,
            IsNullable = !column.IsRequired,
            IsPrimaryKey = column.IsKey,
            IsIdentity = column.IsIdentity,
        };
        if (column.IsKey)
        {
            definition.PrimaryKeyName = $"{table.Name}_pkey";
        }

        if (column.IsIdentity)
        {
            definition.Type = DbType.Int64;
        }
        else
        {
            definition.CustomType = column.TypeOn(_kind);
        }

        if (column.Default is not null && !(column.IsLargeText && _kind == DatabaseKind.MySql))
        {
            definition.DefaultValue = column.Default;
        }

        return definition;
    }

    // The reference reads the text of SQLite's schema back, so it is written in the reference's hand.
    private sealed class Backticks : SQLiteQuoter
    {
        public override string OpenQuote => "`";

        public override string CloseQuote => "`";

        public override string OpenQuoteEscapeString => "``";

        public override string CloseQuoteEscapeString => "``";
    }

    private static bool IsNarrower(ExistingColumn existing, ColumnShape wanted)
    {
        if (wanted.IsNumber)
        {
            return existing.TypeName is "int" or "integer" or "smallint" or "mediumint";
        }

        // Without a length there is nothing narrow; with one, a fixed width or a smaller one is.
        return wanted.Length is { } length && existing.Length > 0 && existing.Length < length
            && existing.TypeName is "char" or "character" or "varchar" or "character varying";
    }
}

/// <summary>One statement of a migration. A step that may fail is skipped with a warning.</summary>
internal sealed record SchemaStep(string What, string Sql, bool MayFail);
