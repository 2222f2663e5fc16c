using System.Diagnostics;
using System.Text.Json;

namespace LatentDiffusion.Judge;

/// <summary>
/// Seconds that a picture takes, one at a time and not written to a file. Ways of sampling are timed in turns, so that
/// whatever else the machine does falls on all of them; each has the median of its turns.
/// </summary>
internal sealed class PictureTimes
{
    private const string File = "seconds.json";
    private const int Turns = 5, WarmUpSteps = 4;

    private readonly Dictionary<string, double> _seconds;

    private PictureTimes(Dictionary<string, double> seconds) => _seconds = seconds;

    /// <summary>Those of the last run of <see cref="Measure"/> in a folder; none where there was no run.</summary>
    public static PictureTimes Read(string work)
    {
        string path = Path.Combine(work, File);
        return new PictureTimes(System.IO.File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, double>>(System.IO.File.ReadAllText(path))! : []);
    }

    /// <summary>Times each of the ways, and keeps that in place of what was measured before: a table never has seconds of two runs.</summary>
    /// <param name="work">Where they are kept.</param>
    /// <param name="model">The model.</param>
    /// <param name="ways">How it is sampled.</param>
    /// <param name="prompt">What is drawn.</param>
    /// <param name="progress">Told how many pictures are drawn.</param>
    /// <param name="cancellationToken">Stops it; what was measured before stays.</param>
    public static PictureTimes Measure(
        string work, SampledModel model, IReadOnlyList<SamplingSettings> ways, string prompt, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        DiffusionPipeline[] pipelines = [.. ways.Select(way => way.Pipeline(model.Folder))];
        try
        {
            foreach ((DiffusionPipeline pipeline, SamplingSettings way) in pipelines.Zip(ways)) Draw(pipeline, 0, Math.Min(way.Steps, WarmUpSteps));
            var seconds = new double[ways.Count][];
            for (int i = 0; i < ways.Count; i++) seconds[i] = new double[Turns];
            for (int turn = 0; turn < Turns; turn++)
            {
                for (int i = 0; i < ways.Count; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    Draw(pipelines[i], (ulong)turn, ways[i].Steps);
                    seconds[i][turn] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                    progress?.Report(turn * ways.Count + i + 1);
                }
            }

            var medians = ways.Select((way, i) => (Key: Key(model, way), Seconds: seconds[i].Order().ElementAt(Turns / 2))).ToDictionary(p => p.Key, p => p.Seconds);
            AtomicFile.Write(Path.Combine(work, File), JsonSerializer.Serialize(medians));
            return new PictureTimes(medians);
        }
        finally
        {
            foreach (DiffusionPipeline pipeline in pipelines) pipeline.Dispose();
        }

        void Draw(DiffusionPipeline pipeline, ulong seed, int steps) =>
            pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = seed, Steps = steps }, cancellationToken: cancellationToken);
    }

    /// <summary>How many pictures that are drawn for so many ways.</summary>
    public static int Pictures(int ways) => Turns * ways;

    /// <summary>Seconds of one of the ways; null where it was not timed.</summary>
    public double? Of(SampledModel model, SamplingSettings way) => _seconds.TryGetValue(Key(model, way), out double seconds) ? seconds : null;

    private static string Key(SampledModel model, SamplingSettings way) => $"model {model.Print}, {way}";
}
