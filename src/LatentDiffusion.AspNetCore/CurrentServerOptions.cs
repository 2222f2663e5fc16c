using LatentDiffusion.AspNetCore.Diagnostics;
using Microsoft.Extensions.Primitives;

namespace LatentDiffusion.AspNetCore;

/// <summary>
/// The last valid options of the server. A change of the configuration that is not valid leaves them as they are, so that a wrong edit
/// does not end a server that runs.
/// </summary>
internal sealed class CurrentServerOptions : IDisposable
{
    private readonly IOptionsFactory<LatentDiffusionServerOptions> _factory;
    private readonly ILogger<CurrentServerOptions> _logger;
    private readonly IDisposable[] _changes;
    private volatile LatentDiffusionServerOptions _value;

    /// <exception cref="OptionsValidationException">The options are wrong from the start.</exception>
    public CurrentServerOptions(
        IOptionsFactory<LatentDiffusionServerOptions> factory, IEnumerable<IOptionsChangeTokenSource<LatentDiffusionServerOptions>> sources,
        ILogger<CurrentServerOptions> logger)
    {
        (_factory, _logger) = (factory, logger);
        _value = factory.Create(Options.DefaultName);
        _changes = [.. sources.Select(source => ChangeToken.OnChange(source.GetChangeToken, Reload))];
    }

    public LatentDiffusionServerOptions Value => _value;

    public void Dispose()
    {
        foreach (IDisposable change in _changes) change.Dispose();
    }

    private void Reload()
    {
        try
        {
            _value = _factory.Create(Options.DefaultName);
        }
        catch (Exception e)
        {
            _logger.OptionsRefused(e, e.Message);
        }
    }
}
