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
public sealed class ConsistencyObjective : ITrainingObjective, IItemBatches, IDisposable
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
    /// <param name="student">The denoiser to train: see <see cref="ConsistencyStudent.FromTeacher"/>.</param>
    /// <param name="teacher">The teacher; stays as it is.</param>
    /// <param name="data">Latents and captions.</param>
    /// <param name="options">Points, guidance, target and distance.</param>
    /// <exception cref="NotSupportedException">Models of the teacher's family cannot be trained, or take their texts from the
    /// application.</exception>
    /// <exception cref="InvalidDataException">The teacher's parts contradict each other, or one is missing.</exception>
    /// <inheritdoc cref="ConsistencyObjective(ITrainableDenoiser, ITrainableDenoiser, ITextConditioning, LatentCache,
    /// LatentScaling, SchedulerConfig, ConsistencyTrainingOptions)" path="/exception"/>
    public ConsistencyObjective(ITrainableDenoiser student, ModelComponents teacher, LatentCache data, ConsistencyTrainingOptions options)
        : this(student, ModelTraining.FromModel(teacher), data, options)
    {
    }

    private ConsistencyObjective(
        ITrainableDenoiser student, ModelTraining teacher, LatentCache data, ConsistencyTrainingOptions options)
        : this(
            student, teacher.Parts.Denoiser, teacher.Texts(data, train: false), data, teacher.Scaling(data), teacher.Components.Scheduler,
            options) =>
        _owned = _text as IDisposable;

    /// <summary>Prepares the distillation for texts from anywhere.</summary>
    /// <param name="student">The denoiser to train: see <see cref="ConsistencyStudent.FromTeacher"/>.</param>
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
        var interval = new IntervalGuidance(new ClassifierFreeGuidance(), DiffusionProcess.FromConfig(Scheduler), options.GuidanceInterval);
        var path = new ConsistencyPath(new DiffusionProcess(sampler.Schedule!, sampler.PredictionType), options);
        _loss = new ConsistencyLoss(path, interval, student.Description.ReadsGuidanceScale, options);
        _indices = new BatchIndices(data.Count, options.BatchSize, () => text.DataKey(data));
        teacher.Network.eval();
        Modules = new Dictionary<string, nn.Module> { [student.ComponentName] = student.Network };
        if (options.TargetDecay == 0) return;
        _target = student.Copy();
        using NetworkUse weights = NetworkUse.ToRead(_target.Network);
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
    public IReadOnlyList<string> Items(long index) => [.. _indices.IndicesFor(index).Select(NameOf)];

    IReadOnlyList<string> ITrainingObjective.Warnings => [.. _indices.Warnings];

    IItemBatches ITrainingObjective.ItemBatches => this;

    void ITrainingObjective.UseSeed(ulong seed) => _indices.Seed = seed;

    long[] IItemBatches.Numbers(long index, ItemSelection? selection) => _indices.IndicesFor(index, selection);

    string IItemBatches.NameOf(long number) => NameOf(number);

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        ScalarType type = NetworkUse.TypeOf(_student.Network), wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        long[] rows = _indices.IndicesFor(step.Index, step.Selection);
        Tensor index = tensor(rows);
        Tensor sample = _data.Read(rows, _data.HasPosterior ? step.Generator : null).to(wide).Add(-_scaling.Shift).Multiply(_scaling.Scale);
        Conditioning text = _text.Encode(index, zeros(_options.BatchSize, ScalarType.Bool), _indices.Epochs(step.Index));
        Conditioning empty = _text.Encode(index.narrow(0, 0, 1), ones(1, ScalarType.Bool))
            .Map(one => one.expand([_options.BatchSize, .. one.shape[1..]]));
        return _loss.Compute(sample, text, empty, step.Generator, _student.Forward, (_target ?? _student).Forward, _teacher.Forward);
    }

    /// <summary>Disposes the objective's tensors and target network; the caller keeps student, teacher and data.</summary>
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
}
