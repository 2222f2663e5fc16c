using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The folder of one training run: <c>configuration.json</c>, <c>data.txt</c>, <c>metrics.jsonl</c>, a TensorBoard event file, sample sheets
/// in <c>samples/</c>, loss curves as <c>loss.png</c>, <c>checkpoints/</c> and the finished <c>model/</c>. A run has stages
/// (say, an autoencoder and then a denoiser), each with its own count of steps. One process at a time may have the
/// folder open. Whatever is recorded is with the operating system when the call returns: a killed process loses none of
/// it, and <see cref="ResumeAt"/> drops what the resumed run will record again. Not safe for concurrent use.
/// </summary>
public sealed class RunFolder : IDisposable
{
    internal const string MetricsFile = "metrics.jsonl";

    private const string ConfigurationFile = "configuration.json", DataFile = "data.txt";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private readonly RunLock _lock;
    private readonly MetricLog _metrics;
    private readonly EventLog _events;

    private RunFolder(string folder, RunLock held, TimeProvider time)
    {
        (Location, _lock) = (folder, held);
        _metrics = new MetricLog(Path.Combine(folder, MetricsFile));
        _events = new EventLog(folder, time);
    }

    /// <summary>Where the folder is, as a full path.</summary>
    public string Location { get; }

    /// <summary>Where sample sheets are: <c>samples</c>.</summary>
    public string Samples => Path.Combine(Location, "samples");

    /// <summary>Where the finished model goes: <c>model</c>.</summary>
    public string Model => Path.Combine(Location, "model");

    /// <summary>Opens a run, or begins one where the folder is missing or empty.</summary>
    /// <param name="folder">The folder; made where it is missing.</param>
    /// <param name="time">The clock of the event file; null for the system's.</param>
    /// <exception cref="RunFolderInUseException">Another process has it open; the message names folder and process.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written to.</exception>
    public static RunFolder Open(string folder, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(folder);
        RunLock held = RunLock.Take(folder);
        try
        {
            return new RunFolder(folder, held, time ?? TimeProvider.System);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Where a stage's checkpoints are: <c>checkpoints/stage</c>.</summary>
    /// <param name="stage">Name of the stage.</param>
    public string Checkpoints(string stage) => Path.Combine(Location, "checkpoints", Named(stage));

    /// <summary>
    /// Writes what the run follows from, as <c>configuration.json</c>. Where it has changed since the run began, what stood
    /// there is kept as <c>configuration.1.json</c> and so on.
    /// </summary>
    /// <param name="configuration">Networks, data, training options.</param>
    public void Configure(JsonObject configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        string path = Path.Combine(Location, ConfigurationFile), text = configuration.ToJsonString(s_indented) + "\n";
        if (File.Exists(path))
        {
            if (File.ReadAllText(path) == text) return;
            int number = 1;
            while (File.Exists(Earlier(number))) number++;
            AtomicFile.Write(Earlier(number), File.ReadAllText(path));
        }

        AtomicFile.Write(path, text);

        string Earlier(int number) => Path.Combine(Location, string.Create(CultureInfo.InvariantCulture, $"configuration.{number}.json"));
    }

    /// <summary>
    /// Keeps the run to the data that it began with: the first call records which they are, in <c>data.txt</c>, and later
    /// calls compare. Call it before anything else is written, caches of latents among it: a cache of other images is replaced.
    /// </summary>
    /// <param name="data">Identifies images, captions and their preparation, for example by <see cref="ContentHash"/>. One line.</param>
    /// <exception cref="InvalidDataException">The run began with other data; the message names both.</exception>
    public void RequireData(string data)
    {
        ArgumentException.ThrowIfNullOrEmpty(data);
        string path = Path.Combine(Location, DataFile);
        if (!File.Exists(path))
        {
            AtomicFile.Write(path, data + "\n");
            return;
        }

        string before = File.ReadAllText(path).TrimEnd('\n');
        if (before != data)
            throw new InvalidDataException($"The run in '{Location}' was begun with other images or captions, or another preparation of them ({before}; now {data}): expected the same, or another folder.");
    }

    /// <summary>Writes a file of the run, atomically: a killed process leaves the old one or the new one.</summary>
    /// <param name="fileName">Name of the file in the folder.</param>
    /// <param name="content">All of its bytes.</param>
    /// <returns>Path of the file.</returns>
    public string Save(string fileName, ReadOnlySpan<byte> content)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        string path = Path.Combine(Location, fileName);
        byte[] bytes = content.ToArray();
        AtomicFile.Write(path, stream => stream.Write(bytes));
        return path;
    }

    /// <summary>
    /// Drops what a stage recorded beyond the step that it goes on from, atomically: metrics, events and sample sheets. To be
    /// called before the first record of a resumed stage; does nothing where there is nothing to drop.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done in the checkpoint that the stage resumes from; 0 drops all of the stage.</param>
    /// <exception cref="InvalidDataException">A file of metrics or events holds something else; the message names it.</exception>
    public void ResumeAt(string stage, long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        _metrics.Truncate(Named(stage), step);
        _events.Truncate(stage, step);
        if (!Directory.Exists(Samples)) return;
        foreach (string sheet in Directory.GetFiles(Samples, $"{stage}-*.png"))
        {
            string number = Path.GetFileNameWithoutExtension(sheet)[(stage.Length + 1)..];
            if (long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long at) && at > step) File.Delete(sheet);
        }
    }

    /// <summary>Records values of one step: a line of <c>metrics.jsonl</c>, and scalars <c>stage/name</c> for TensorBoard.</summary>
    /// <param name="stage">Name of the stage: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="values">Names and values. A value that is not finite is null in the file.</param>
    /// <exception cref="ArgumentException">A name is empty, <c>stage</c> or <c>step</c>.</exception>
    public void Record(string stage, long step, params ReadOnlySpan<(string Name, double Value)> values)
    {
        _metrics.Append(Named(stage), step, values);
        _events.Scalars(stage, step, values);
    }

    /// <summary>
    /// Records a step's loss, learning rate, norm of the gradients and seconds since the process began, and what the objective
    /// told beside them (<see cref="TrainingProgress.Metrics"/>).
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="progress">What the trainer reports.</param>
    public void Record(string stage, TrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        (string Name, double Value)[] own =
        [
            (MetricNames.Loss, progress.Loss), (MetricNames.LearningRate, progress.LearningRate),
            (MetricNames.GradientNorm, progress.GradientNorm), (MetricNames.Seconds, progress.Elapsed.TotalSeconds),
        ];
        Record(stage, progress.Step,
            [.. own, .. progress.Metrics.Where(m => own.All(o => o.Name != m.Key)).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => (m.Key, m.Value))]);
    }

    /// <summary>Records a validation: its mean loss and the half width of the 95 % interval.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="loss">What was measured.</param>
    public void Record(string stage, long step, LossEstimate loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        Record(stage, step, (MetricNames.ValidationLoss, loss.Mean), (MetricNames.ValidationMargin, loss.Margin()));
    }

    /// <summary>Records how the validation loss goes on: its change in 1000 steps and the ends of its interval. Nothing where it is too early to tell.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="trend">What was judged, for example by <see cref="Judge"/>; recorded at its last step.</param>
    public void Record(string stage, ConvergenceEstimate trend)
    {
        ArgumentNullException.ThrowIfNull(trend);
        if (trend.Verdict == ConvergenceVerdict.TooEarly) return;
        Record(stage, trend.LastStep, (MetricNames.Trend, trend.Slope), (MetricNames.TrendLow, trend.Low), (MetricNames.TrendHigh, trend.High));
    }

    /// <summary>Writes a sample sheet, <c>samples/stage-step.png</c>, and records it for TensorBoard.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="sheet">The sheet, for example of <see cref="SampleSheet"/>.</param>
    /// <returns>Path of the file.</returns>
    public string AddImageGrid(string stage, long step, ImageBuffer sheet)
    {
        ArgumentNullException.ThrowIfNull(sheet);
        Directory.CreateDirectory(Samples);
        string path = Path.Combine(Samples, string.Create(CultureInfo.InvariantCulture, $"{Named(stage)}-{step:D9}.png"));
        byte[] png = new SkiaImageCodec().EncodePng(sheet);
        AtomicFile.Write(path, stream => stream.Write(png));
        _events.Picture(stage, step, "samples", sheet, png);
        return path;
    }

    /// <summary>All values of one metric, in the order of their steps.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the metric, for example <c>validation_loss</c>.</param>
    /// <exception cref="InvalidDataException">A line of the file is none of these; the message names it.</exception>
    public IReadOnlyList<MetricPoint> Read(string stage, string name) => _metrics.Values(Named(stage), name);

    /// <summary>How the validation loss of a stage goes on, from all that was recorded.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="options">Window and confidence; null for the defaults.</param>
    public ConvergenceEstimate Judge(string stage, ConvergenceOptions? options = null) => TrainingHistory.Judge(name => Read(stage, name), options);

    /// <summary>Draws the loss curves of a stage.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="logarithmic">Whether the loss has a logarithmic axis.</param>
    /// <param name="fileName">Name of the file in the folder.</param>
    /// <returns>Path of the file.</returns>
    public string DrawLoss(string stage, bool logarithmic = false, string fileName = "loss.png")
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        string path = Path.Combine(Location, fileName);
        byte[] png = LossPlot.Draw(TrainingHistory.CurvesOf(stage, name => Read(stage, name), logarithmic));
        AtomicFile.Write(path, stream => stream.Write(png));
        return path;
    }

    /// <summary>Closes the files and lets other processes have the folder.</summary>
    public void Dispose()
    {
        _events.Dispose();
        _metrics.Dispose();
        _lock.Dispose();
    }

    private static string Named(string stage)
    {
        ArgumentException.ThrowIfNullOrEmpty(stage);
        if (stage[0] == '.' || stage.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            throw new ArgumentException($"'{stage}' cannot name a stage: letters, digits, '-', '_' and '.' can, and no '.' at the beginning.", nameof(stage));
        return stage;
    }
}
