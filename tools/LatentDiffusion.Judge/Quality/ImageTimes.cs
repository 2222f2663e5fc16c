using System.Diagnostics;
using System.Text.Json;

namespace LatentDiffusion.Judge;

/// <summary>
/// Seconds per image, generated one at a time and not written to a file. The ways of sampling are timed in turns, so that
/// other load of the machine affects all of them; the result is the median of the turns.
/// </summary>
internal sealed class ImageTimes
{
    private const string File = "seconds.json";
    private const int Turns = 5, WarmUpSteps = 4;

    private readonly Dictionary<string, double> _seconds;

    private ImageTimes(Dictionary<string, double> seconds) => _seconds = seconds;

    /// <summary>The times of the last run of <see cref="Measure"/> in a folder; empty if there was no run.</summary>
    public static ImageTimes Read(string work)
    {
        string path = Path.Combine(work, File);
        if (!System.IO.File.Exists(path)) return new ImageTimes([]);
        return new ImageTimes(JsonSerializer.Deserialize<Dictionary<string, double>>(System.IO.File.ReadAllText(path))!);
    }

    /// <summary>Times each way and replaces earlier times, so that a table never has times of two runs.</summary>
    /// <param name="work">Folder of the times.</param>
    /// <param name="model">The model.</param>
    /// <param name="ways">The ways of sampling.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="progress">Reports the number of generated images.</param>
    /// <param name="cancellationToken">Stops the measurement; earlier times are kept.</param>
    public static ImageTimes Measure(
        string work,
        SampledModel model,
        IReadOnlyList<SamplingSettings> ways,
        string prompt,
        IProgress<int>? progress,
        CancellationToken cancellationToken)
    {
        DiffusionPipeline[] pipelines = [.. ways.Select(way => way.Pipeline(model.Folder))];
        try
        {
            foreach ((DiffusionPipeline pipeline, SamplingSettings way) in pipelines.Zip(ways))
                Draw(pipeline, 0, Math.Min(way.Steps, WarmUpSteps));
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

            var medians = new Dictionary<string, double>();
            for (int i = 0; i < ways.Count; i++) medians.Add(Key(model, ways[i]), seconds[i].Order().ElementAt(Turns / 2));
            AtomicFile.Write(Path.Combine(work, File), JsonSerializer.Serialize(medians));
            return new ImageTimes(medians);
        }
        finally
        {
            foreach (DiffusionPipeline pipeline in pipelines) pipeline.Dispose();
        }

        void Draw(DiffusionPipeline pipeline, ulong seed, int steps) =>
            pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = seed, Steps = steps }, cancellationToken: cancellationToken);
    }

    /// <summary>Number of images that are generated to time a number of ways.</summary>
    public static int CountFor(int ways) => Turns * ways;

    /// <summary>Seconds of one way; null if it was not timed.</summary>
    public double? SecondsFor(SampledModel model, SamplingSettings way) =>
        _seconds.TryGetValue(Key(model, way), out double seconds) ? seconds : null;

    private static string Key(SampledModel model, SamplingSettings way) => $"model {model.Print}, {way}";
}
