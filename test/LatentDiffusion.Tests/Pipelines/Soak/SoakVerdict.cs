using System.Globalization;

namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>Findings of a soak.</summary>
/// <param name="StartTensors">Tensors alive at the start.</param>
/// <param name="Rounds">How things stood, the first time when memory had settled.</param>
/// <param name="Stopped">Generations that were stopped.</param>
/// <param name="Finished">Generations that were not.</param>
/// <param name="Images">Their images.</param>
/// <param name="Different">Generations of which an image is not the one made alone, and those that failed.</param>
internal sealed record SoakVerdict(
    long StartTensors,
    IReadOnlyList<SoakRound> Rounds,
    int Stopped,
    int Finished,
    int Images,
    IReadOnlyList<string> Different)
{
    private const double MostGrowth = 0.05;

    /// <summary>Whether live tensors returned to those of the start, after each round.</summary>
    public bool TensorsReturn => Rounds.All(r => r.LiveTensors == StartTensors);

    /// <summary>
    /// How much resident memory grew from the first round to the largest later one, at rest; null without a later round.
    /// </summary>
    public double? Growth => GrowthOf(r => r.Resident);

    /// <summary>The same of the most that was resident while generations ran.</summary>
    public double? GrowthRunning => GrowthOf(r => r.MostResident);

    /// <summary>Whether resident memory stayed within 5 %; null where there was too little to say so.</summary>
    public bool? MemoryStays => Growth is null ? null : Growth <= MostGrowth && GrowthRunning <= MostGrowth;

    /// <summary>Whether every image that was not stopped is the one made alone.</summary>
    public bool ImagesAgree => Different.Count == 0 && Images > 0;

    /// <summary>Whether everything passed; checks that could not be judged did not.</summary>
    public bool Passed => TensorsReturn && MemoryStays is true && ImagesAgree;

    /// <summary>Says so.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine("generations  live tensors  resident at rest  most resident");
        foreach (SoakRound round in Rounds)
        {
            output.WriteLine(
                Text($"{round.Generations,11}  {round.LiveTensors,12}  ")
                + Text($"{Megabytes(round.Resident),13:F1} MB  {Megabytes(round.MostResident),10:F1} MB"));
        }
        foreach (string difference in Different) output.WriteLine(difference);
        string tensors = string.Join(", ", Rounds.Select(r => r.LiveTensors).Distinct());
        Say(TensorsReturn, Text($"Live tensors: {StartTensors} at the start, {tensors} after each round."));
        string after = Text($"after the first {Rounds[0].Generations}");
        Say(
            MemoryStays,
            Growth is null
                ? "Resident memory: too few generations to judge it."
                : Text($"Resident memory: {Growth:+0.00%;-0.00%} at most {after} at rest, ")
                    + Text($"{GrowthRunning:+0.00%;-0.00%} while generations ran; {MostGrowth:P0} is allowed."));
        Say(
            ImagesAgree,
            Text($"Images: {Finished} generations gave {Images}, {Stopped} were stopped; ")
                + Text($"{Different.Count} generations differ from those made alone."));
        Say(Passed, "Soak.");

        void Say(bool? holds, string what) =>
            output.WriteLine($"{(holds switch { true => "PASSED", false => "FAILED", null => "      " })}  {what}");
    }

    private double? GrowthOf(Func<SoakRound, long> memory) =>
        Rounds.Count < 2 ? null : Rounds.Skip(1).Max(memory) / (double)memory(Rounds[0]) - 1;

    private static double Megabytes(long bytes) => bytes / 1e6;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
