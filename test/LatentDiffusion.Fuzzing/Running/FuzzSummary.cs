using System.Globalization;

namespace LatentDiffusion.Fuzzing;

/// <summary>Summarizes the results of a target as lines of text.</summary>
/// <param name="target">Name of the target.</param>
/// <param name="output">Receives the lines.</param>
internal sealed class FuzzSummary(string target, TextWriter output)
{
    private int _read, _refused, _failed;
    private FuzzOutcome? _slowest, _largest;

    /// <summary>Counts an input, and prints it if it failed.</summary>
    public void Add(FuzzOutcome outcome)
    {
        if (outcome.Problem is not null) _failed++;
        else if (outcome.Refused) _refused++;
        else _read++;
        if (_slowest is null || outcome.Cpu > _slowest.Cpu) _slowest = outcome;
        if (_largest is null || outcome.Bytes > _largest.Bytes) _largest = outcome;
        if (outcome.Problem is not null) PrintFailure(target, outcome.Seed, outcome.Problem, output);
    }

    /// <summary>Prints a failed input with the command that repeats it.</summary>
    public static void PrintFailure(string target, int seed, string problem, TextWriter output) =>
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"FAILED  fuzz --target {target} --seed {seed} --count 1\n        {problem.ReplaceLineEndings("\n        ")}"));

    /// <summary>Prints the totals.</summary>
    public void Print() => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{(_failed == 0 ? "PASSED" : "FAILED")}  {target}: {_read + _refused + _failed} inputs, {_read} read, {_refused} refused, "
        + $"{_failed} failed; at most {_slowest?.Cpu.TotalMilliseconds ?? 0:F0} ms (seed {_slowest?.Seed ?? 0}) and "
        + $"{(_largest?.Bytes ?? 0) / 1e6:F1} MB (seed {_largest?.Seed ?? 0})"));
}
