namespace LatentDiffusion;

/// <summary>
/// Applies the adapters of prompts to a model while the generations run that name them. Generations of the same adapters run together;
/// others wait, because the weights are shared.
/// </summary>
internal sealed class PromptLoraGate(DiffusionModel model)
{
    private readonly Lock _lock = new();
    private IReadOnlyList<LoraChoice> _current = [], _former = [];
    private TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _users;

    /// <summary>Waits until the adapters can be applied, and applies them in addition to the model's.</summary>
    /// <param name="loras">The adapters; may be empty.</param>
    /// <param name="mayWait">Whether to wait for generations of other adapters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Removes them, after the last generation of the same adapters.</returns>
    /// <exception cref="InvalidOperationException">It would have to wait.</exception>
    public async ValueTask<IDisposable> EnterAsync(
        IReadOnlyList<LoraChoice> loras, bool mayWait, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (_lock)
            {
                if (_users == 0) Apply(loras);
                if (_current.SequenceEqual(loras))
                {
                    _users++;
                    return new Lease(this);
                }

                wait = _free.Task;
            }

            if (!mayWait)
            {
                throw new InvalidOperationException(
                    "A generation with other LoRAs in its prompt was called from a callback of a generation, whose end it would wait for.");
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Apply(IReadOnlyList<LoraChoice> loras)
    {
        if (loras.Count > 0)
        {
            _former = model.LoraChoices;
            model.ApplyLoras([.. _former, .. loras]);
        }

        _current = loras;
    }

    private void Exit()
    {
        lock (_lock)
        {
            if (--_users > 0) return;
            try
            {
                if (_current.Count > 0) model.ApplyLoras(_former);
            }
            finally
            {
                _current = [];
                _free.SetResult();
                _free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private sealed class Lease(PromptLoraGate gate) : IDisposable
    {
        private PromptLoraGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Exit();
    }
}
