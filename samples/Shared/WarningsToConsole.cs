using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Samples;

/// <summary>Writes the library's warnings, such as of a truncated prompt, to the error stream. Errors arrive as exceptions.</summary>
internal sealed class WarningsToConsole : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Console.Error.WriteLine($"Warning: {formatter(state, exception)}");
    }
}
