using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The folder of one training run: <c>configuration.json</c>, <c>data.txt</c>, <c>metrics.jsonl</c>, a TensorBoard event file,
/// sample sheets in <c>samples/</c>, loss curves as <c>loss.png</c>, <c>checkpoints/</c> and the finished <c>model/</c>. A run has
/// stages (for example an autoencoder and then a denoiser) with separate step counts. Only one process at a time can open the
/// folder. Records are passed to the operating system before a call returns, so that a killed process loses none of them;
/// <see cref="ResumeAt"/> drops those that the resumed run will record again. Not safe for concurrent use.
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

    /// <summary>Full path of the folder.</summary>
    public string Location { get; }

    /// <summary>Folder of the sample sheets: <c>samples</c>.</summary>
    public string Samples => Path.Combine(Location, "samples");

    /// <summary>Folder for the finished model: <c>model</c>.</summary>
    public string Model => Path.Combine(Location, "model");

    /// <summary>Opens a run, or starts one if the folder is missing or empty.</summary>
    /// <param name="folder">The folder; created if missing.</param>
    /// <param name="time">The clock of the event file; null for the system's.</param>
    /// <exception cref="RunFolderInUseException">Another process has it open; the message names folder and process.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
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

    /// <summary>Folder of a stage's checkpoints: <c>checkpoints/stage</c>.</summary>
    /// <param name="stage">Name of the stage.</param>
    public string Checkpoints(string stage) => Path.Combine(Location, "checkpoints", Named(stage));

    /// <summary>
    /// Writes the configuration of the run to <c>configuration.json</c>. If it has changed since the run started, the previous
    /// one is kept as <c>configuration.1.json</c> and so on.
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
    /// Ties the run to its data: the first call records their identity in <c>data.txt</c>, later calls compare. Call it before
    /// anything else is written, including latent caches: a cache of other images would be replaced.
    /// </summary>
    /// <param name="data">Identifies images, captions and their preparation, for example by <see cref="ContentHash"/>. One line.</param>
    /// <exception cref="InvalidDataException">The run was started with other data; the message names both.</exception>
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
            throw new InvalidDataException(
                $"The run in '{Location}' was started with other images or captions, or another preparation of them "
                + $"({before}; now {data}): expected the same, or another folder.");
    }

    /// <summary>Writes a file of the run atomically: a killed process leaves the old one or the new one.</summary>
    /// <param name="fileName">Name of the file in the folder.</param>
    /// <param name="content">The bytes.</param>
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
    /// Drops a stage's records beyond the step that it resumes from, atomically: metrics, events and sample sheets. Call it before
    /// the first record of a resumed stage. Does nothing if the stage has no such records.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done in the checkpoint that the stage resumes from; 0 drops all of the stage.</param>
    /// <exception cref="InvalidDataException">A file of metrics or events has invalid content; the message names it.</exception>
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
    /// <param name="values">Names and values. Values that are not finite are null in the file.</param>
    /// <exception cref="ArgumentException">A name is empty, <c>stage</c> or <c>step</c>.</exception>
    public void Record(string stage, long step, params ReadOnlySpan<(string Name, double Value)> values)
    {
        _metrics.Append(Named(stage), step, values);
        _events.Scalars(stage, step, values);
    }

    /// <summary>
    /// Records a step's loss, learning rate, gradient norm and seconds since the process started, and the objective's metrics
    /// (<see cref="TrainingProgress.Metrics"/>).
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="progress">The trainer's progress.</param>
    public void Record(string stage, TrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        (string Name, double Value)[] own =
        [
            (MetricNames.Loss, progress.Loss), (MetricNames.LearningRate, progress.LearningRate),
            (MetricNames.GradientNorm, progress.GradientNorm), (MetricNames.Seconds, progress.Elapsed.TotalSeconds),
        ];
        IEnumerable<(string Name, double Value)> others = progress.Metrics
            .Where(m => own.All(o => o.Name != m.Key))
            .OrderBy(m => m.Key, StringComparer.Ordinal)
            .Select(m => (m.Key, m.Value));
        Record(stage, progress.Step, [.. own, .. others]);
    }

    /// <summary>Records a validation: its mean loss and the half width of the 95 % interval.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="loss">The validation loss.</param>
    public void Record(string stage, long step, LossEstimate loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        Record(stage, step, (MetricNames.ValidationLoss, loss.Mean), (MetricNames.ValidationMargin, loss.Margin()));
    }

    /// <summary>
    /// Records the trend of the validation loss: its change in 1000 steps and the ends of its interval. Does nothing if it is too
    /// early to judge.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="trend">The trend, for example from <see cref="Judge"/>; recorded at its last step.</param>
    public void Record(string stage, ConvergenceEstimate trend)
    {
        ArgumentNullException.ThrowIfNull(trend);
        if (trend.Verdict == ConvergenceVerdict.TooEarly) return;
        Record(
            stage, trend.LastStep,
            (MetricNames.Trend, trend.Slope), (MetricNames.TrendLow, trend.Low), (MetricNames.TrendHigh, trend.High));
    }

    /// <summary>Writes a sample sheet, <c>samples/stage-step.png</c>, and records it for TensorBoard.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="sheet">The sheet, for example from <see cref="SampleSheet"/>.</param>
    /// <returns>Path of the file.</returns>
    public string AddImageGrid(string stage, long step, ImageBuffer sheet)
    {
        ArgumentNullException.ThrowIfNull(sheet);
        Directory.CreateDirectory(Samples);
        string path = Path.Combine(Samples, string.Create(CultureInfo.InvariantCulture, $"{Named(stage)}-{step:D9}.png"));
        byte[] png = new SkiaImageCodec().EncodePng(sheet);
        AtomicFile.Write(path, stream => stream.Write(png));
        _events.Image(stage, step, "samples", sheet, png);
        return path;
    }

    /// <summary>All values of one metric, in the order of their steps.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the metric, for example <c>validation_loss</c>.</param>
    /// <exception cref="InvalidDataException">A line of the file is not a metric; the message names it.</exception>
    public IReadOnlyList<MetricPoint> Read(string stage, string name) => _metrics.Values(Named(stage), name);

    /// <summary>Judges the trend of a stage's validation loss from all records.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="options">Window and confidence; null for the defaults.</param>
    public ConvergenceEstimate Judge(string stage, ConvergenceOptions? options = null) =>
        TrainingHistory.Judge(name => Read(stage, name), options);

    /// <summary>Draws the loss curves of a stage.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="logarithmic">Whether the loss axis is logarithmic. Default false.</param>
    /// <param name="fileName">Name of the file in the folder. Default <c>loss.png</c>.</param>
    /// <returns>Path of the file.</returns>
    public string DrawLoss(string stage, bool logarithmic = false, string fileName = "loss.png")
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        string path = Path.Combine(Location, fileName);
        byte[] png = LossPlot.Draw(TrainingHistory.CurvesOf(stage, name => Read(stage, name), logarithmic));
        AtomicFile.Write(path, stream => stream.Write(png));
        return path;
    }

    /// <summary>Closes the files and releases the folder for other processes.</summary>
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
            throw new ArgumentException(
                $"'{stage}' cannot name a stage: it may contain letters, digits, '-', '_' and '.', and not begin with '.'.", nameof(stage));
        return stage;
    }
}
