using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The training loop: loss, backward, clip, AdamW, running average, checkpoint. A run that was stopped, or killed, goes
/// on from its newest checkpoint to the same weights as a run that was not: whatever is random in a step follows from
/// the seed and the step's number.
/// </summary>
public sealed class Trainer
{
    private const double LossSmoothing = 0.98;

    private readonly TrainingOptions _options;
    private readonly ILogger _logger;

    /// <summary>Prepares training.</summary>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public Trainer(TrainingOptions options, ILogger<Trainer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        Validator.ValidateObject(options.Optimizer, new ValidationContext(options.Optimizer), validateAllProperties: true);
        _options = options;
        _logger = logger ?? NullLogger<Trainer>.Instance;
    }

    /// <summary>What is done every so many steps with the averaged weights, for example validation; null for nothing.</summary>
    public TrainingCheck? Check { get; init; }

    /// <summary>
    /// Trains until all steps are done or it is cancelled, in which case a checkpoint is written and false returned.
    /// When done, the networks hold the averaged weights.
    /// </summary>
    /// <param name="objective">What to minimise.</param>
    /// <param name="folder">Where checkpoints are written and looked for; made where it is missing.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Stops the run after the current step.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradients are not finite.</exception>
    public bool Run(ITrainingObjective objective, string folder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(objective);
        foreach (nn.Module module in objective.Modules.Values) module.train();
        using var parameters = new FlatParameters(objective.Modules, _options.Precision);
        using var optimizer = new AdamW(parameters, _options.Optimizer);
        using var average = new ExponentialMovingAverage(parameters, _options.EmaDecay);
        var checkpoints = new TrainingCheckpoints(folder, parameters, optimizer, average, _options, _logger);

        long first = checkpoints.RestoreNewest(), step = first, saved = first;
        parameters.Publish();
        double smoothed = double.NaN;
        var clock = Stopwatch.StartNew();
        while (step < _options.Steps && !cancellationToken.IsCancellationRequested)
        {
            double loss, norm, learningRate = _options.Optimizer.LearningRateAt(step, _options.Steps);
            using (DisposeScope scope = NewDisposeScope())
            using (var generator = new Generator(StepSeed.Of(_options.Seed, step)))
            {
                parameters.ClearGradients();
                Tensor value = objective.Loss(new TrainingStep(step, generator));
                value.backward();
                parameters.CollectGradients();
                loss = value.item<float>();
                norm = parameters.ClipGradients(_options.Optimizer.GradientClip);
            }

            if (!double.IsFinite(loss) || !double.IsFinite(norm))
                throw new TrainingDivergedException($"At step {step} the loss is {loss} and the gradients' norm {norm}; the newest checkpoint is of step {saved}, in '{folder}'. A lower learning rate may help.");
            optimizer.Step(++step, learningRate);
            average.Update(step);
            parameters.Publish();

            smoothed = double.IsNaN(smoothed) ? loss : LossSmoothing * smoothed + (1 - LossSmoothing) * loss;
            TimeSpan elapsed = clock.Elapsed;
            progress?.Report(new TrainingProgress(
                step, _options.Steps, loss, smoothed, learningRate, norm, elapsed, elapsed / (step - first) * (_options.Steps - step)));
            if (Check is not null && (step % Check.Every == 0 || step == _options.Steps)) Check.Run(step, objective, parameters, average);
            // Last, so that whatever is recorded of a step is recorded before a resumed run can begin after it.
            if (step % _options.CheckpointEvery == 0 || step == _options.Steps) checkpoints.Write(saved = step);
        }

        if (step > saved) checkpoints.Write(step);
        if (step < _options.Steps) return false;
        average.Swap();
        foreach (nn.Module module in objective.Modules.Values) module.eval();
        return true;
    }
}
