using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The training loop: loss, backward, clip, optimizer, running average, checkpoint. A run that was stopped, or killed, goes
/// on from its newest checkpoint to the same weights as a run that was not: whatever is random in a step follows from
/// the seed and the step's number.
/// </summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Data;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Training;
///
/// var images = new PreparedImages(CaptionedImages.Open("photos"), new PreparedImagesOptions { Width = 512, Height = 512 });
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// using LatentCache latents = LatentCache.Open("latents.safetensors", images.ComputeCacheKey(), model, images, images.Count!.Value);
///
/// using var objective = new DenoiserObjective(model, latents, new DenoiserTrainingOptions { BatchSize = 4 });
/// var trainer = new Trainer(new TrainingOptions { Steps = 2000, Optimizer = new OptimizerOptions { LearningRate = 1e-5 } });
/// // The same line resumes a run that was stopped.
/// trainer.Run(objective, "run", new Progress<TrainingProgress>(p => Console.WriteLine($"step {p.Step}: loss {p.Loss:F4}")));
/// DiffusersFolder.Write(model, "models/fine-tuned");
/// ]]></code>
/// </example>
public sealed class Trainer
{
    private const double LossSmoothing = 0.98;

    private readonly TrainingOptions _options;
    private readonly ILogger _logger;

    /// <summary>Prepares training.</summary>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public Trainer(TrainingOptions options, ILogger<Trainer>? logger = null)
    {
        _options = ValidOptions.Check(options);
        ValidOptions.Check(options.Optimizer);
        _logger = logger ?? NullLogger<Trainer>.Instance;
    }

    /// <summary>Called at regular steps with the averaged weights, for example for validation; null for nothing.</summary>
    public TrainingCallback? Check { get; init; }

    /// <summary>
    /// Sums the gradients of several processes that train together, each of which calls <see cref="Run"/> with the same objective and
    /// options; the caller's. Process i computes the batches i, i + N, … of a step's <see cref="TrainingOptions.GradientAccumulation"/>.
    /// Only process 0 uses the folder. Null, the default, for one process.
    /// </summary>
    public IGradientReducer? Reducer { get; init; }

    /// <summary>
    /// Trains until all steps are done or it is cancelled, in which case a checkpoint is written and false returned.
    /// When done, the networks hold the averaged weights.
    /// </summary>
    /// <param name="objective">The objective to minimise.</param>
    /// <param name="folder">Where checkpoints are written and looked for; made where it is missing. One run at a time has it.</param>
    /// <param name="progress">Reports after every step, in every process that gives it.</param>
    /// <param name="cancellationToken">Stops the run after the current step: in one of several processes, it stops all.</param>
    /// <exception cref="ArgumentException">
    /// There are more processes than batches in a step, or they differ in options or networks. Nothing is to be trained, the options
    /// name a component that the objective does not train, its target networks
    /// have other parameters than the trained ones, or items are to be left out of an objective that does not number them.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// A network keeps its weights as its file stores them (<see cref="WeightStorage.AsStored"/>); nothing is written.
    /// </exception>
    /// <exception cref="CheckpointException">
    /// The folder's newest checkpoint is of another run: of other networks, another seed, <see cref="ITrainingObjective.Identity"/>
    /// (other images among it) or number of batches a step. Damaged checkpoints are not an error: they are renamed to <c>.damaged</c>, and
    /// the
    /// one before is taken.
    /// </exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradients are not finite, and no item could be left out
    /// (<see cref="TrainingOptions.LeaveOutNonFinite"/>).</exception>
    /// <exception cref="TrainingFolderInUseException">Another run has the folder.</exception>
    /// <exception cref="ProcessGroupException">Another process has failed, has left or does not answer.</exception>
    public bool Run(
        ITrainingObjective objective, string folder, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        CheckComponentRates(objective);
        CheckProcesses();
        if (_options.LeaveOutNonFinite && objective.ItemBatches is null)
            throw new ArgumentException(
                $"LeaveOutNonFinite is true, and the items of {objective.GetType().Name} are not known: "
                    + "expected an objective of the library.",
                nameof(objective));
        foreach ((string component, nn.Module module) in objective.Modules)
            if (StoredLayers.Any(module)) throw StoredMatrix.CannotBeTrained(component);
        objective.UseSeed(_options.Seed);
        TrainingFolderLock? held = null;
        Reducer.RunOnFirst(() => held = new TrainingFolderLock(folder));
        using TrainingFolderLock? folderLock = held;
        foreach (nn.Module module in objective.Modules.Values) module.train();
        using var frozen = new FrozenPrecision(objective, _options.Precision);
        using var parameters = new FlatParameters(objective.Modules, _options.Precision);
        if (parameters.Length == 0)
            throw new ArgumentException(
                "The objective's networks do not have parameters that need gradients, so nothing can be trained.", nameof(objective));
        using IFlatOptimizer optimizer = FlatOptimizer.Create(parameters, _options.Optimizer);
        using ExponentialMovingAverage? average =
            _options.EmaDecay > 0 ? new ExponentialMovingAverage(parameters, _options.EmaDecay, _options.EmaWarmup) : null;
        using TargetNetworks? targets = TargetNetworks.Create(objective, parameters, _options.Precision);
        SameRun.Require(Reducer, _options, objective, parameters);
        using LossScale? scale = LossScale.Create(_options.Precision);
        var leftOut = new LeftOutItems(Reducer.IsFirst() ? folder : null);
        var files = new TrainingCheckpoints(
            folder, parameters, optimizer, average, targets, leftOut, objective.Identity, _options, Reducer, _logger, scale);
        var checkpoints = new SharedCheckpoints(Reducer, files, parameters, leftOut, _logger);
        var gradients = new StepGradients(objective, parameters, _options, Reducer, scale);
        var nonFinite = new NonFiniteItems(objective, gradients, leftOut, _options, Reducer, _logger);

        long first = checkpoints.RestoreNewest(), step = first, saved = first;
        if (Reducer.IsFirst()) Warn(objective);
        parameters.Publish();
        targets?.Publish();
        double smoothed = double.NaN;
        var clock = Stopwatch.StartNew();
        while (step < _options.Steps && !Reducer.Any(cancellationToken.IsCancellationRequested))
        {
            double learningRate = _options.Optimizer.LearningRateAt(step, _options.Steps);
            var metrics = new Dictionary<string, double>();
            (double loss, double norm) = gradients.Compute(step, leftOut.Selection, metrics);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
                (loss, norm) = nonFinite.Without(step, metrics) ?? throw Diverged(objective, step, loss, norm, saved, checkpoints.Last);
            optimizer.Step(++step, learningRate);
            average?.Update(step);
            targets?.Update(step);
            parameters.Publish();

            smoothed = double.IsNaN(smoothed) ? loss : LossSmoothing * smoothed + (1 - LossSmoothing) * loss;
            TimeSpan elapsed = clock.Elapsed;
            var report = new TrainingProgress(
                step, _options.Steps, loss, smoothed, learningRate, norm, elapsed, elapsed / (step - first) * (_options.Steps - step))
            {
                Metrics = metrics,
            };
            Reducer.Exchange(() =>
            {
                progress?.Report(report);
                if (Check is not null && (step % Check.Every == 0 || step == _options.Steps))
                    Check.Run(step, objective, parameters, average);
                return [];
            });
            // Last, so that whatever is recorded of a step is recorded before a resumed run can begin after it.
            if (step % _options.CheckpointEvery == 0 || step == _options.Steps) checkpoints.Write(saved = step);
        }

        if (step > saved) checkpoints.Write(step);
        if (step < _options.Steps) return false;
        average?.Swap();
        foreach (nn.Module module in objective.Modules.Values) module.eval();
        return true;
    }

    private void CheckProcesses()
    {
        if (Reducer is not { } group || group.Size <= _options.GradientAccumulation) return;
        throw new ArgumentException(
            $"GradientAccumulation is {_options.GradientAccumulation}, and {group.Size} processes train; expected at least {group.Size}, "
                + "so that every process has a batch in each step, best a multiple of it.");
    }

    private void Warn(ITrainingObjective objective)
    {
        foreach (string warning in objective.Warnings) _logger.LogWarning("{Warning}", warning);
        if (Reducer is not { } group || _options.GradientAccumulation % group.Size == 0) return;
        _logger.LogWarning(
            "{Batches} batches of a step are divided over {Processes} processes: in the last round {Idle} of them wait for the others. "
                + "A multiple keeps all at work.",
            _options.GradientAccumulation, group.Size, group.Size - _options.GradientAccumulation % group.Size);
    }

    private TrainingDivergedException Diverged(
        ITrainingObjective objective, long step, double loss, double norm, long saved, string? checkpoint)
    {
        int batches = _options.GradientAccumulation;
        string[] items = [.. Enumerable.Range(0, batches).SelectMany(i => objective.Items(step * batches + i))];
        string seen = items.Length == 0 ? "" : $" It saw {MessageText.List(items)}.";
        string left = checkpoint is null ? "no checkpoint is written yet" : $"the last good checkpoint is of step {saved}, '{checkpoint}'";
        return new TrainingDivergedException(
            $"At step {step} the loss is {loss} and the gradients' norm {norm}; {left}.{seen} A lower learning rate may help; "
                + $"{nameof(TrainingOptions.LeaveOutNonFinite)} leaves out single items that cause it.",
            step, items, checkpoint);
    }

    private void CheckComponentRates(ITrainingObjective objective)
    {
        foreach ((string component, double factor) in _options.Optimizer.ComponentRates)
        {
            if (!objective.Modules.ContainsKey(component))
                throw new ArgumentException(
                    $"ComponentRates names '{component}'; trained are "
                        + $"{string.Join(", ", objective.Modules.Keys.Order(StringComparer.Ordinal))}.",
                    nameof(objective));
            if (!(factor >= 0 && double.IsFinite(factor)))
                throw new ArgumentException(
                    $"ComponentRates gives '{component}' the factor {factor}; expected a finite number, at least 0.", nameof(objective));
        }
    }
}
