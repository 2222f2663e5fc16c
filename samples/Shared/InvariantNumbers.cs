using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace LatentDiffusion.Samples;

/// <summary>
/// Makes the numbers of a command line mean the same in every culture. By default System.CommandLine reads them in the
/// current one and allows thousands separators, so that 1,5 is 15 in English and 1.5 is 15 in German.
/// </summary>
internal static class InvariantNumbers
{
    /// <summary>Applies it to all options of a command and of its subcommands: to be called before it parses.</summary>
    public static TCommand WithInvariantNumbers<TCommand>(this TCommand command) where TCommand : Command
    {
        foreach (Option option in command.Options) Apply(option);
        foreach (Command subcommand in command.Subcommands) subcommand.WithInvariantNumbers();
        return command;
    }

    private static void Apply(Option option)
    {
        _ = Applied<double>(option) || Applied<int>(option) || Applied<long>(option) || Applied<ulong>(option);
    }

    private static bool Applied<T>(Option option) where T : struct, INumber<T>
    {
        switch (option)
        {
            case Option<T> one:
                one.CustomParser ??= result => Read<T>(option, result).FirstOrDefault();
                return true;
            case Option<T?> one:
                one.CustomParser ??= result => Read<T>(option, result) is [var value, ..] ? value : null;
                return true;
            case Option<T[]> several:
                several.CustomParser ??= result => Read<T>(option, result);
                return true;
            default:
                return false;
        }
    }

    private static T[] Read<T>(Option option, ArgumentResult result) where T : struct, INumber<T>
    {
        bool whole = typeof(T) != typeof(double);
        var values = new List<T>(result.Tokens.Count);
        foreach (Token token in result.Tokens)
        {
            NumberStyles styles = whole ? NumberStyles.Integer : NumberStyles.Float;
            string expected = whole ? "a whole number" : "a number with a point, for example 1.5";
            if (T.TryParse(token.Value, styles, CultureInfo.InvariantCulture, out T value)) values.Add(value);
            else result.AddError($"{option.Name} is '{token.Value}'; expected {expected}.");
        }

        return [.. values];
    }
}
