using System.Globalization;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The checkpoints of a run: one safetensors file each, <c>checkpoint-‹step›.safetensors</c>, written next to its name and renamed, with a
/// checksum of all it says. Holds
/// the weights, their average, the optimizer's moments and where there are target networks their values; everything
/// else follows from the step.
/// </summary>
internal sealed class TrainingCheckpoints
{
    private const string Prefix = "checkpoint-", Extension = ".safetensors", Damaged = ".damaged", StepKey = "step",
        SeedKey = "seed", LayoutKey = "layout",
        AccumulationKey = "gradient_accumulation", TargetKey = "target_decay", PrecisionKey = "precision",
        ObjectivePrefix = "objective.", None = "none",
        OptimizerKey = "optimizer", StepsKey = "steps", RateKey = "next_learning_rate", LeftOutKey = "left_out",
        OrderKey = "item_order", OrderOfSeed = "seed", ProcessesKey = "processes", SumKey = "gradient_sum", RankOrder = "rank_order",
        AnyOrder = "any_order", LossScaleName = "loss_scale", AverageName = "average";

    // A learning rate that changes by less is not worth a word.
    private const double RateTolerance = 0.01;

    private readonly string _folder;
    private readonly LeftOutItems _leftOut;
    private readonly TrainingOptions _options;
    private readonly ILogger _logger;
    private readonly KeyValuePair<string, Tensor>[] _tensors;
    private readonly string _layout, _target;
    private readonly Dictionary<string, string> _identity;
    private readonly int _processes;
    private readonly string _order;

    public TrainingCheckpoints(
        string folder, FlatParameters parameters, IFlatOptimizer optimizer, ExponentialMovingAverage? average, TargetNetworks? targets,
        LeftOutItems leftOut,
        IReadOnlyDictionary<string, string> identity, TrainingOptions options, IGradientReducer? reducer, ILogger logger,
        LossScale? scale = null)
    {
        (_folder, _leftOut, _options, _logger) = (folder, leftOut, options, logger);
        (_processes, _order) = (reducer?.Size ?? 1, reducer is null or { Size: 1 } or { IsRankOrdered: true } ? RankOrder : AnyOrder);
        _tensors =
        [
            new("parameters", parameters.Values),
            .. average is null ? [] : new KeyValuePair<string, Tensor>[] { new(AverageName, average.Values) },
            .. optimizer.State,
            .. targets is null ? [] : new KeyValuePair<string, Tensor>[] { new("target", targets.Values) },
            .. scale is null ? [] : new KeyValuePair<string, Tensor>[] { new(LossScaleName, scale.State) },
        ];
        _target = targets is null ? None : Text(targets.Decay);
        _layout = StableHash.Compute(string.Join('\n', parameters.Ranges.Select(r => $"{r.Name} {r.Offset} {r.Length}")));
        _identity = identity.ToDictionary(i => ObjectivePrefix + i.Key, i => i.Value);
    }

    /// <summary>What a checkpoint holds.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Tensors => _tensors;

    /// <summary>Path of the checkpoint that was read or written last; null for none.</summary>
    public string? Last { get; private set; }

    /// <summary>Reads the newest whole checkpoint, if there is one. Damaged ones that are newer are set aside under another name.</summary>
    /// <returns>The number of steps done.</returns>
    /// <exception cref="CheckpointException">The newest whole checkpoint is of another network, seed, batch or data set, number of batches
    /// a step or decay of target networks.</exception>
    public long RestoreNewest()
    {
        // Unfinished files of a killed run.
        UnfinishedFile.RemoveAbandoned(_folder, name => StepOf(name) is not null);
        foreach ((_, string path) in Written().OrderByDescending(c => c.Step))
        {
            using SafetensorsFile? file = OpenWhole(path);
            if (file is not null) return Restore(file);
        }

        // Left-out items of a run that was killed before its first checkpoint are found again.
        _leftOut.Restore(null);
        return 0;
    }

    public void Write(long step)
    {
        string path = Path.Combine(_folder, $"{Prefix}{step:D9}{Extension}");
        var metadata = new Dictionary<string, string>(_identity)
        {
            [StepKey] = Text(step), [SeedKey] = Text(_options.Seed), [LayoutKey] = _layout, [PrecisionKey] = $"{_options.Precision}",
            [AccumulationKey] = Text(_options.GradientAccumulation), [TargetKey] = _target, [OrderKey] = OrderOfSeed,
            [OptimizerKey] = $"{_options.Optimizer.Algorithm}",
            [StepsKey] = Text(_options.Steps), [RateKey] = Text(_options.Optimizer.LearningRateAt(step, _options.Steps)),
        };
        if (_processes > 1) (metadata[ProcessesKey], metadata[SumKey]) = (Text(_processes), _order);
        if (_leftOut.ToText() is { } leftOut) metadata[LeftOutKey] = leftOut;
        metadata[CheckpointChecksum.Key] = CheckpointChecksum.Compute(_tensors, metadata);
        SafetensorsWriter.Write(path, _tensors, metadata);
        Last = path;
        // Never deletes the checkpoint that was just written.
        foreach ((_, string old) in Written().Where(c => c.Step < step).OrderByDescending(c => c.Step).Skip(_options.CheckpointsKept - 1))
            File.Delete(old);
    }

    /// <summary>Opens a checkpoint; null for a damaged one, which from then on counts neither as the newest nor among those kept.</summary>
    private SafetensorsFile? OpenWhole(string path)
    {
        SafetensorsFile? file = null;
        try
        {
            file = SafetensorsFile.Open(path);
            CheckpointChecksum.Verify(file);
            return file;
        }
        catch (CheckpointException e)
        {
            file?.Dispose();
            File.Move(path, path + Damaged, overwrite: true);
            _logger.LogWarning("{Reason} The checkpoint is passed over and now called {Damaged}.", e.Message, path + Damaged);
            return null;
        }
    }

    private long Restore(SafetensorsFile file)
    {
        if (!long.TryParse(file.Metadata.GetValueOrDefault(StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            throw new CheckpointException(file.Path, "it does not say its step, and is not a checkpoint of a run; remove it.");
        if (file.Metadata.GetValueOrDefault(LayoutKey) != _layout)
            throw Refused(file, "The networks have other parameters than when it was written");
        Expect(file, SeedKey, Text(_options.Seed), "seed");
        // Batches are numbered across steps, so the rest of the run would see other ones. Older files say nothing and mean 1.
        Expect(file, AccumulationKey, Text(_options.GradientAccumulation), "number of batches that gradients are accumulated over", "1");
        Expect(file, TargetKey, _target, "decay of its target networks", None);
        Expect(file, OptimizerKey, $"{_options.Optimizer.Algorithm}", "optimizer", $"{OptimizerAlgorithm.AdamW}");
        ExpectIdentity(file);
        string precision = $"{_options.Precision}", before = file.Metadata.GetValueOrDefault(PrecisionKey, precision);
        if (before != precision)
            _logger.LogInformation(
                "The run has computed in {Before} and resumes in {Precision}: its weights will match neither precision.",
                before, precision);
        // A file without a checksum, as earlier versions wrote them, may lack anything.
        // The loss scale starts again where the run computed in another format before.
        if (_tensors.FirstOrDefault(t => !IsNew(t.Key) && file.Find(t.Key)?.Shape.SequenceEqual(t.Value.shape) != true).Key is { } lacking)
            throw new CheckpointException(
                file.Path, $"it has no '{lacking}' of the networks' size. Use another folder, or remove it to begin again.");
        foreach ((string name, Tensor tensor) in _tensors.Where(t => !IsNew(t.Key))) file.ReadInto(name, tensor);
        using (no_grad())
            if (IsNew(AverageName)) _tensors.FirstOrDefault(t => t.Key == AverageName).Value?.copy_(_tensors[0].Value);
        _leftOut.Restore(file.Metadata.GetValueOrDefault(LeftOutKey));
        Last = file.Path;
        _logger.LogInformation("Resumed from {Path} at step {Step}.", file.Path, step);
        WarnOfProcesses(file);
        WarnOfPlan(file, step);
        WarnOfOrder(file, step);
        return step;

        // A run that kept no average before begins one with the present weights.
        bool IsNew(string name) => name is LossScaleName or AverageName && file.Find(name) is null;
    }

    /// <summary>Says what another number of processes, or another order of sums, does to the rest of the run.</summary>
    private void WarnOfProcesses(SafetensorsFile file)
    {
        string processes = file.Metadata.GetValueOrDefault(ProcessesKey, "1"), order = file.Metadata.GetValueOrDefault(SumKey, RankOrder);
        if (processes == Text(_processes) && order == _order) return;
        if (order == RankOrder && _order == RankOrder)
            _logger.LogInformation(
                "The run had {Before} processes and resumes with {Now}: gradients are summed in the same order, so on equal processors "
                    + "with equally many threads its weights will be bit-equal to those of an uninterrupted run.",
                processes, _processes);
        else
            _logger.LogWarning(
                "The run had {Before} processes and resumes with {Now}; gradients were summed in {OrderBefore} and now in {OrderNow}: "
                    + "its weights will not be bit-equal to those of an uninterrupted run, only equal within rounding.",
                processes, _processes, order, _order);
    }

    /// <summary>Logs where the rest of the run differs from its original plan. Older files do not contain the plan.</summary>
    private void WarnOfPlan(SafetensorsFile file, long step)
    {
        long steps = _options.Steps;
        if (step > steps)
            _logger.LogWarning(
                "The run has done {Done} steps, and Steps is {Steps}: nothing is trained, and the weights are those of step {Done}.",
                step, steps, step);
        if (step >= steps
            || !double.TryParse(
                file.Metadata.GetValueOrDefault(RateKey), NumberStyles.Float, CultureInfo.InvariantCulture, out double planned))
            return;
        double rate = _options.Optimizer.LearningRateAt(step, steps);
        if (Math.Abs(rate - planned) <= RateTolerance * Math.Max(rate, planned)) return;
        _logger.LogWarning(
            "The learning rate jumps from {Planned} to {Rate} at step {Step}: the run was planned for {StepsBefore} steps, "
                + "and now for {Steps} with the optimizer's present settings.",
            planned, rate, step, file.Metadata.GetValueOrDefault(StepsKey), steps);
    }

    /// <summary>
    /// Says where the rest of the run sees its items in another order. In older files the order was that of seed 0, whatever the run's.
    /// </summary>
    private void WarnOfOrder(SafetensorsFile file, long step)
    {
        if (_options.Seed == 0
            || step >= _options.Steps
            || file.Metadata.ContainsKey(OrderKey)
            || !_identity.Any(i => BatchIndices.IsFinite(i.Key, i.Value)))
            return;
        _logger.LogWarning(
            "The checkpoint was written before the order of items followed the seed ({Seed}): "
                + "from step {Step} on they come in another order than they would have.",
            _options.Seed,
            step);
    }

    /// <summary>Compares the objective's identity. Older files have none, or one without the data.</summary>
    private void ExpectIdentity(SafetensorsFile file)
    {
        string[] there = [.. file.Metadata.Keys.Where(k => k.StartsWith(ObjectivePrefix, StringComparison.Ordinal))];
        if (there.Length == 0) return;
        foreach (string key in there
            .Union(_identity.Keys.Where(k => !SaysData(k)))
            .OrderBy(SaysData)
            .ThenBy(k => k, StringComparer.Ordinal))
            Expect(file, key, _identity.GetValueOrDefault(key, None), key[ObjectivePrefix.Length..], None);
    }

    private static bool SaysData(string key) => key.EndsWith($".{BatchIndices.DataKey}", StringComparison.Ordinal);

    /// <summary>
    /// The checkpoints that runs wrote here. Copies under other names are the user's: never resumed from and never deleted.
    /// </summary>
    private List<(long Step, string Path)> Written() =>
        [.. from path in Directory.GetFiles(_folder, $"{Prefix}*{Extension}")
            let step = StepOf(Path.GetFileName(path.AsSpan()))
            where step is not null
            select (step.Value, path)];

    private static long? StepOf(ReadOnlySpan<char> name) =>
        name.StartsWith(Prefix) && name.EndsWith(Extension) && name.Length > Prefix.Length + Extension.Length
        && long.TryParse(name[Prefix.Length..^Extension.Length], NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step
            : null;

    private static void Expect(SafetensorsFile file, string key, string expected, string what, string? missing = null)
    {
        string there = file.Metadata.GetValueOrDefault(key, missing ?? None);
        if (there != expected) throw Refused(file, $"The run had another {what}: {there}, and now {expected}");
    }

    private static CheckpointException Refused(SafetensorsFile file, string why) =>
        new(file.Path, $"{why}. The run cannot be resumed exactly; use another folder, or remove its checkpoints to start over.");

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
