using System.ComponentModel.DataAnnotations;
using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Distils a teacher, with its guidance, into a student that draws in one to four evaluations: latent consistency
/// distillation (Luo et al. 2023), in one phase or several. Teachers predict noise, velocity or the sample, over any
/// discrete schedule. <see cref="ConsistencyStudent"/> makes the student, and writes it as a model folder.
/// </summary>
/// <remarks>
/// Samples are the data's latents with noise. The last point before the image leads to the clean sample itself, where
/// published code stops at the first timestep's noise. Texts are the teacher's, whose encoder stays as it is.
/// </remarks>
public sealed class ConsistencyObjective : ITargetObjective, IItemBatches, IDisposable
{
    private readonly ITrainableDenoiser _student, _teacher;
    private readonly ITrainableDenoiser? _target;
    private readonly ITextConditioning _text;
    private readonly LatentCache _data;
    private readonly LatentScaling _scaling;
    private readonly ConsistencyTrainingOptions _options;
    private readonly ConsistencyLoss _loss;
    private readonly BatchIndices _indices;
    private readonly IDisposable? _owned;

    /// <summary>Prepares the distillation of a model as its files have it.</summary>
    /// <param name="student">The denoiser to train: see <see cref="ConsistencyStudent.Of"/>.</param>
    /// <param name="teacher">A model with one text tower; stays as it is.</param>
    /// <param name="data">Latents and captions.</param>
    /// <param name="options">Points, guidance, target and distance.</param>
    /// <exception cref="NotSupportedException">The teacher has two text towers, none, or an autoencoder without a plain shift and
    /// scale.</exception>
    /// <inheritdoc cref="ConsistencyObjective(ITrainableDenoiser, ITrainableDenoiser, ITextConditioning, LatentCache,
    /// LatentScaling, SchedulerConfig, ConsistencyTrainingOptions)" path="/exception"/>
    public ConsistencyObjective(ITrainableDenoiser student, ModelComponents teacher, LatentCache data, ConsistencyTrainingOptions options)
        : this(
            student, DenoiserOf(teacher), TextOf(teacher, data), data,
            data.IsScaled ? LatentScaling.None : ScalingOf(teacher.Autoencoder), teacher.Scheduler, options) =>
        _owned = (IDisposable)_text;

    /// <summary>Prepares the distillation for texts from anywhere.</summary>
    /// <param name="student">The denoiser to train: see <see cref="ConsistencyStudent.Of"/>.</param>
    /// <param name="teacher">The teacher, evaluated without gradients in the type of its weights.</param>
    /// <param name="text">Where texts come from, by the index of the image; frozen. The caller's.</param>
    /// <param name="data">Latents.</param>
    /// <param name="scaling">How the latents are scaled; <see cref="LatentScaling.None"/> for those that are already.</param>
    /// <param name="scheduler">The teacher's scheduler: its training schedule and prediction are taken, its class is not.</param>
    /// <param name="options">Points, guidance, target and distance.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">Options contradict each other, the schedule or the networks; the message says which.</exception>
    public ConsistencyObjective(
        ITrainableDenoiser student, ITrainableDenoiser teacher, ITextConditioning text, LatentCache data, LatentScaling scaling,
        SchedulerConfig scheduler, ConsistencyTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(scaling);
        Scheduler = ConsistencyStudent.Scheduler(scheduler, options);
        Check(student.Description, teacher.Description, data.Shape[0]);
        if (text.Modules.Count > 0)
            throw new ArgumentException(
                $"The texts train {string.Join(", ", text.Modules.Keys)}; teacher and student share one text encoder, "
                    + "which stays as it is.",
                nameof(text));
        if (data.IsScaled && scaling != LatentScaling.None)
            throw new ArgumentException(
                $"The cache's latents are scaled already, and would be so again by {scaling}: "
                    + $"give {nameof(LatentScaling)}.{nameof(LatentScaling.None)}.",
                nameof(scaling));
        (_student, _teacher, _text, _data, _scaling, _options) = (student, teacher, text, data, scaling, options);
        NoiseScheduler sampler = NoiseScheduler.FromConfig(Scheduler);
        var interval = new IntervalGuidance(new ClassifierFreeGuidance(), DiffusionProcess.Of(Scheduler), options.GuidanceInterval);
        var path = new ConsistencyPath(new DiffusionProcess(sampler.Schedule!, sampler.PredictionType), options);
        _loss = new ConsistencyLoss(path, interval, student.Description.ReadsGuidanceScale, options);
        _indices = new BatchIndices(data.Count, options.BatchSize, () => text.DataKey(data));
        teacher.Network.eval();
        Modules = new Dictionary<string, nn.Module> { [student.ComponentName] = student.Network };
        if (options.TargetDecay == 0) return;
        _target = student.Copy();
        foreach (TorchSharp.Modules.Parameter parameter in _target.Network.parameters()) parameter.requires_grad = false;
        _target.Network.eval();
        Targets = new Dictionary<string, nn.Module> { [student.ComponentName] = _target.Network };
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    /// <remarks>None where <see cref="ConsistencyTrainingOptions.TargetDecay"/> is 0.</remarks>
    public IReadOnlyDictionary<string, nn.Module> Targets { get; } = new Dictionary<string, nn.Module>();

    /// <inheritdoc />
    public double TargetDecay => _options.TargetDecay;

    /// <summary>
    /// The configuration of the scheduler that the student is sampled with: see <see cref="ConsistencyStudent.Scheduler"/>.
    /// </summary>
    public SchedulerConfig Scheduler { get; }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity => _indices.Identity;

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => [.. _indices.Of(index).Select(NameOf)];

    IEnumerable<string> IItemBatches.Warnings => _indices.Warnings;

    void IItemBatches.UseSeed(ulong seed) => _indices.Seed = seed;

    long[] IItemBatches.Numbers(long index, ItemSelection? selection) => _indices.Of(index, selection);

    string IItemBatches.NameOf(long number) => NameOf(number);

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">The texts are masked.</exception>
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        ScalarType type = _student.Network.parameters().First().dtype, wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        long[] rows = _indices.Of(step.Index, step.Selection);
        Tensor index = tensor(rows);
        Tensor sample = _data.Read(rows, _data.HasPosterior ? step.Generator : null).to(wide).Add(-_scaling.Shift).Multiply(_scaling.Scale);
        Conditioning conditioning = _text.Encode(index, zeros(_options.BatchSize, ScalarType.Bool), _indices.Epochs(step.Index));
        if (conditioning.Mask is not null)
            throw new NotSupportedException(
                "The texts have a mask, which teacher and student would not receive: "
                    + "a consistency model is distilled with texts of one length.");
        Tensor text = conditioning.HiddenStates;
        Tensor empty = _text.Encode(index.narrow(0, 0, 1), ones(1, ScalarType.Bool)).HiddenStates.expand_as(text);
        return _loss.Of(sample, text, empty, step.Generator, _student.Forward, (_target ?? _student).Forward, _teacher.Forward);
    }

    /// <summary>Disposes what the objective made, the target network among it; student, teacher and data are the caller's.</summary>
    public void Dispose()
    {
        _target?.Network.Dispose();
        _owned?.Dispose();
    }

    private static string NameOf(long row) => row.ToString(CultureInfo.InvariantCulture);

    private static void Check(DenoiserDescription student, DenoiserDescription teacher, long channels)
    {
        foreach ((string name, DenoiserDescription denoiser) in new[] { ("student", student), ("teacher", teacher) })
        {
            if (denoiser.InputChannels != channels || denoiser.OutputChannels != channels)
            {
                throw new ArgumentException(
                    $"The {name} takes {denoiser.InputChannels} channels and gives {denoiser.OutputChannels}; the latents have {channels}, "
                    + "and it must take and give as many.",
                    name);
            }

            if (denoiser.AdditionalInputs.Count > 0)
            {
                throw new ArgumentException(
                    $"The {name} reads {string.Join(", ", denoiser.AdditionalInputs.Keys)}, which a latent cache does not hold.", name);
            }
        }

        if (teacher.ReadsGuidanceScale)
        {
            throw new ArgumentException(
                "The teacher has learned its guidance (time_cond_proj_dim) and cannot be guided; "
                    + "distil from the model that it was made of.",
                nameof(teacher));
        }
    }

    private static UNetDenoiser DenoiserOf(ModelComponents teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return new UNetDenoiser(teacher.UNet, teacher.RequiresAestheticsScore);
    }

    private static ClipTextConditioning TextOf(ModelComponents teacher, LatentCache data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return teacher.TextEncoder is { } text && teacher.Tokenizer is { } tokenizer && teacher.TextEncoder2 is null
            ? new ClipTextConditioning(text, tokenizer.Build(), data.Ids, train: false)
            : throw new NotSupportedException(
                $"The {teacher.PipelineClass} has not one text tower with a tokenizer; give its texts as an {nameof(ITextConditioning)}.");
    }

    private static LatentScaling ScalingOf(nn.Module autoencoder) => autoencoder switch
    {
        AutoencoderKL { Config.LatentsMean: null } kl => LatentScaling.Of(kl.Config),
        AutoencoderTiny tiny => new LatentScaling(tiny.Config.ShiftFactor ?? 0, tiny.Config.ScalingFactor),
        _ => throw new NotSupportedException(
            $"The {autoencoder.GetType().Name} has no plain shift and scale; give its scaling as a {nameof(LatentScaling)}."),
    };
}
